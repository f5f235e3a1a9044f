"""The comparison the crash tests rest on: it must find what it is there to find."""

import pytest

from senders import Ledger, compare


@pytest.fixture
def ledger():
    """1 to 6 were sent; 6 was not acknowledged; 1 was deleted; 2 and 3 perhaps."""
    ledger = Ledger()
    for _ in range(6):
        ledger.next_number()
    for number in range(1, 6):
        ledger.acknowledge(number)
    ledger.delete({1}, answered=True)
    ledger.delete({2, 3}, answered=False)
    return ledger


@pytest.mark.parametrize("found", [[4, 5], [4, 5, 6], [2, 3, 4, 5], [6, 5, 4, 3, 2]])
def test_what_may_be(ledger, found):
    compare(ledger, found)


@pytest.mark.parametrize(
    "found, why",
    [
        ([4], "acknowledged and lost"),
        ([4, 4, 5], "twice"),
        ([1, 4, 5], "deleted and back"),
        ([2, 4, 5], "half of a QUIT's deletions"),
        ([4, 5, 7], "never sent"),
    ],
)
def test_what_may_not_be(ledger, found, why):
    with pytest.raises(AssertionError, match=why):
        compare(ledger, found)
