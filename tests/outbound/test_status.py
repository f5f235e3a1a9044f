"""`mailserverctl status` says how mail for elsewhere is doing."""

from conftest import route_to, submit
from receiver import Receiver


def queue_numbers(server):
    """name → value of what begins with queue_."""
    lines = (line.split() for line in server.ctl("status").splitlines())
    return {line[0].removeprefix("queue_"): line[1] for line in lines if line[0].startswith("queue_")}


def test_what_waits_and_what_went_is_counted(make_server):
    replies = ["250 2.1.5 ok", "451 4.2.0 later", "550 5.1.1 no such user"]
    with Receiver({"RCPT": replies}) as sink:
        conf = route_to(sink)
        conf["queue"].update(retry_first="1h", retry_max="1h", idle_connection="1m")
        server = make_server(**conf)
        submit(server, ["good@away.example", "later@away.example", "bad@away.example"])
        server.wait_log("status=bounced.*")
        found = queue_numbers(server)
        assert [found[name] for name in ("delivered", "deferred", "bounced")] == ["1", "1", "1"]
        assert [found[name] for name in ("rows", "due", "held", "connections")] == ["1", "0", "0", "1"]
        assert found["destinations_failing"] == "0" and found["oldest"].startswith("20")
        (row,) = server.ctl("queue", "list").splitlines()[-1:]
        server.ctl("queue", "hold", row.split()[0])
        assert queue_numbers(server)["held"] == "1"


def test_a_destination_that_cannot_be_reached_is_failing(make_server, nobody):
    conf = route_to(nobody)
    conf["queue"].update(retry_first="1h", retry_max="1h")
    server = make_server(**conf)
    submit(server, ["bob@away.example"])
    server.wait_log("status=deferred.*")
    found = queue_numbers(server)
    assert [found[name] for name in ("destinations_failing", "rows", "connections")] == ["1", "1", "0"]
