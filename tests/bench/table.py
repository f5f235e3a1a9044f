"""The rows of the table, with what each figure should come to."""

import dataclasses


@dataclasses.dataclass
class Row:
    figure: str  # scenario.name
    what: str
    target: float = None
    less: bool = False  # is better
    digits: int = 0


ROWS = [
    Row("smtp.delivered", "SMTP in, 4 KB, 20 connections, delivered/s", 4500),
    Row("smtp.cpu", "- CPU s per 1,000", 0.25, True, 3),
    Row("smtp.syncs", "- fsyncs per message", 0.1, True, 2),
    Row("one.delivered", "SMTP in, 1 connection, delivered/s", 2000),
    Row("one.cpu", "- CPU s per 1,000", None, True, 3),
    Row("each.delivered", "one message a connection, 20 at a time, delivered/s", 2500),
    Row("each.cpu", "- CPU s per 1,000", None, True, 3),
    Row("large.delivered", "64 KB, 20 connections, delivered/s", 1500),
    Row("submission.delivered", "submission, STARTTLS and AUTH, 5 a connection, delivered/s", 1500),
    Row("relay.rate", "to one other server, submitted by 20, sent/s"),
    Row("relay.cpu", "- CPU s per 1,000", None, True, 3),
    Row("relay.syncs", "- fsyncs per message", None, True, 2),
    Row("relay_once.rate", "- each over a connection of its own, sent/s"),
    Row("relay_once.cpu", "- CPU s per 1,000", None, True, 3),
    Row("relay_once.syncs", "- fsyncs per message", None, True, 2),
    Row("relay_many.rate", "to 100 other servers, sent/s"),
    Row("relay_many.cpu", "- CPU s per 1,000", None, True, 3),
    Row("relay_many.syncs", "- fsyncs per message", None, True, 2),
    Row("backlog.rate", "the same beside 99,000 to 10,000 servers that are not there, sent/s"),
    Row("backlog.empty_rate", "- with an empty queue"),
    Row("backlog.cpu", "- CPU s per 1,000", None, True, 3),
    Row("backlog.empty_cpu", "- - with an empty queue", None, True, 3),
    Row("backlog.smtp_p50", "- submission of one, p50 ms", None, True, 2),
    Row("backlog.empty_smtp_p50", "- - with an empty queue", None, True, 2),
    Row("backlog.smtp_p99", "- - p99 ms", None, True, 2),
    Row("backlog.empty_smtp_p99", "- - with an empty queue", None, True, 2),
    Row("backlog.noop_p50", "- IMAP NOOP meanwhile, p50 ms", None, True, 2),
    Row("backlog.empty_noop_p50", "- - with an empty queue", None, True, 2),
    Row("backlog.noop_p99", "- - p99 ms", None, True, 2),
    Row("backlog.empty_noop_p99", "- - with an empty queue", None, True, 2),
    Row("backlog.fill_cpu", "- to queue and try these 99,000, CPU s per 1,000", None, True, 3),
    Row("backlog.memory", "- memory for them, MiB", None, True, 1),
    Row("backlog.rest_cpu", "- at rest: CPU s in a minute", 0.1, True, 2),
    Row("backlog.rest_wakes", "- - wake-ups in a minute", None, True),
    Row("backlog.rest_reads", "- - reads in a minute", None, True),
    Row("push.p50", "push: SMTP 250 to EXISTS in IDLE, p50 ms", 0.3, True, 2),
    Row("push.p99", "- p99 ms", 1, True, 2),
    Row("push.dot", "- from the last dot, p50 ms", None, True, 2),
    Row("big.select", "SELECT of 10,000 messages, ms", 1.5, True, 2),
    Row("big.flags", "FETCH (UID FLAGS) of 10,000, ms", 3, True, 2),
    Row("big.envelope_first", "FETCH ENVELOPE, size, flags of 10,000, the first time, ms", 20, True, 1),
    Row("big.envelope", "- again, ms", None, True, 1),
    Row("big.headers_first", "header fields as Thunderbird asks, 10,000, the first time, ms", 15, True, 1),
    Row("big.headers", "- again, ms", 15, True, 1),
    Row("big.bodies_mb", "all bodies, MB/s", 1000),
    Row("big.search_from", "SEARCH FROM, ms", None, True, 1),
    Row("big.search_body", "SEARCH BODY, a rare word in 41 MB, ms", 5, True, 1),
    Row("big.search_scan", "- two letters, which our index does not know, ms", 60, True, 1),
    Row("big.store", "STORE FLAGS of 10,000, ms", 10, True, 1),
    Row("big.silent", "STORE FLAGS.SILENT of 10,000, ms", 4, True, 1),
    Row("big.copy", "COPY of 10,000, ms", 15, True, 1),
    Row("big.move", "MOVE of 10,000, ms", 25, True, 1),
    Row("big.expunge", "EXPUNGE of 10,000, ms", 12, True, 1),
    Row("append.rate", "APPEND, 10 connections, messages/s", 8000),
    Row("append.cpu", "- CPU s per 1,000", None, True, 3),
    Row("login.rate", "LOGIN, SELECT, LOGOUT, 8 at a time, sessions/s", 4500),
    Row("login.cpu", "- CPU s per 1,000", None, True, 3),
    Row("login_tls.rate", "- in TLS, sessions/s", 2000),
    Row("login_tls.cpu", "- CPU s per 1,000", None, True, 3),
    Row("handshake.rate", "TLS: connect, full handshake, greeting, 8 at a time, connections/s", 2500),
    Row("handshake.cpu", "- CPU s per 1,000", None, True, 3),
    Row("mixed.rate", "mixed work of 50 clients, commands/s", 20000),
    Row("mixed.cpu", "- CPU s per 1,000", None, True, 3),
    Row("retr.rate", "POP3 RETR of 4 KB, 4 connections, messages/s", 50000),
    Row("retr.cpu", "- CPU s per 1,000", None, True, 3),
    Row("pop3.rate", "POP3: login, STAT, UIDL of 500, 8 at a time, sessions/s", 2500),
    Row("pop3.cpu", "- CPU s per 1,000", None, True, 3),
    Row("idle.kib", "connection in IDLE, KiB (5,000)", 2, True, 2),
    Row("idle_tls.kib", "- in TLS, KiB", 16, True, 2),
    Row("rest.mib", "memory at rest, MiB", 16, True, 1),
]


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def ratio(row, ours, peer):
    """How many times better ours is."""
    if not ours or not peer:
        return "-"
    better = peer / ours if row.less else ours / peer
    return f"{better:,.0f}" if better >= 100 else f"{better:.1f}"


def met(row, ours):
    if row.target is None or ours is None:
        return ""
    return "yes" if (ours <= row.target if row.less else ours >= row.target) else "no"


def lines(figures, names):
    """Markdown, of figures[server][figure]; the first name is ours."""
    ours, *peers = names
    head = ["what", ours]
    for peer in peers:
        head += [peer, "ratio"]
    yield head + ["target", "met?"]
    yield ["---"] + ["---:"] * (len(head)) + ["---"]
    for row in ROWS:
        mine = figures[ours].get(row.figure)
        cells = [row.what, number(mine, row.digits)]
        for peer in peers:
            theirs = figures[peer].get(row.figure)
            cells += [number(theirs, row.digits), ratio(row, mine, theirs)]
        if any(figures[name].get(row.figure) is not None for name in names):
            digits = row.digits if row.target and row.target < 1 else 0
            digits = 1 if row.target == 1.5 else digits
            yield cells + ["" if row.target is None else number(row.target, digits), met(row, mine)]
