"""Ports of other people's servers, which nobody else gets between their choice and their use."""

import contextlib
import socket

ATTEMPTS = 100


class Place:
    """An address and a port at which nobody listens, until a Receiver does; closed by close()."""

    def __init__(self, address="127.0.0.1", port=0):
        # Without SO_REUSEADDR: whoever has set it could else bind the port, too.
        self.socket = socket.socket()
        try:
            self.socket.bind((address, port))
        except OSError:
            self.socket.close()
            raise
        self.address, self.port = self.socket.getsockname()

    def close(self):
        self.socket.close()


def places(*addresses):
    """A Place at each of the addresses, all with one port."""
    for _ in range(ATTEMPTS):
        with contextlib.ExitStack() as taken:
            made = []
            with contextlib.suppress(OSError):
                for address in addresses:
                    made.append(Place(address, made[0].port if made else 0))
                    taken.callback(made[-1].close)
                taken.pop_all()
                return made
    raise AssertionError("no port is free")


def free_port(*addresses):
    """One that none of the addresses has, for now: for programs that bind it themselves. Who wants to
    be sure of it takes addresses at which nobody else chooses ports."""
    made = places(*addresses)
    for place in made:
        place.close()
    return made[0].port
