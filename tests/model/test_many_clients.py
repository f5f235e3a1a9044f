"""Many clients on one mailbox: each believes only what it is told, and what it believes is true.

RFC 9051 2.3.1, 5.5, 7.5.1; RFC 3501 2.3.2. `script/soak` does it with seeds of chance for longer, and
`script/soak --seed N` tries one again. MAILSERVER_MODEL_ROUNDS makes the runs shorter or longer.
"""

import asyncio
import os

import pytest

from storm import ROOM, Storm

ROUNDS = int(os.environ.get("MAILSERVER_MODEL_ROUNDS", "8"))


@pytest.mark.parametrize("clients", [20, 3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_clients_are_told_is_so(make_server, seed, clients):
    server = make_server(**ROOM)
    print(f"seed {seed}")
    asyncio.run(Storm(server, seed, clients).run(rounds=ROUNDS))
