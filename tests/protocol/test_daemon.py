"""The daemon itself: configuration, signals, ports, certificates, sockets handed over."""

import concurrent.futures
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest

from server import COMPLAINTS, DOMAIN, HOSTNAME, Certificate
from test_hostile_control import ask as control, request


def run_daemon(server, *words):
    return subprocess.run(
        [server.build.daemon, *words], capture_output=True, text=True, timeout=60, env=server.env
    )


# ---- configuration ----


def test_a_good_configuration_tests_well(make_server):
    server = make_server(start=False)
    done = run_daemon(server, "-t", "-c", str(server.conf_path))
    assert done.returncode == 0 and "is good" in done.stdout


def test_every_mistake_is_reported_with_its_line_and_the_fix(make_server):
    server = make_server(start=False)
    server.conf_path.write_text(
        f'hostname = "{HOSTNAME}";\n'
        f'data_dir = "{server.data_dir}";\n'
        'log_levle = "info";\n'
        "smtp = {\n"
        '  max_recipients = "many";\n'
        '  timeout = "5 parsecs";\n'
        "};\n"
    )
    done = run_daemon(server, "-t", "-c", str(server.conf_path))
    assert done.returncode == 1
    for line, option in ((3, "log_levle"), (5, "max_recipients"), (6, "timeout")):
        assert re.search(rf"mailserver\.conf:{line}: .*{option}", done.stderr), done.stderr


@pytest.mark.parametrize(
    "conf, said",
    [
        ({"hostname": "not a name"}, ':1: hostname: "not a name" is no host name'),
        ({"listen": {"imap": {"address": "1.2.3"}}}, 'listen.imap.address: "1.2.3"'),
        ({"tls": {"certificate": "/nonexistent/cert.pem"}}, "/nonexistent/cert.pem"),
        ({"tls": {"certificate": "/etc/hosts"}}, "/etc/hosts: no PEM certificate"),
    ],
)
def test_the_test_finds_what_would_keep_it_from_starting(make_server, conf, said):
    server = make_server(start=False, **conf)
    done = run_daemon(server, "-t", "-c", str(server.conf_path))
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert "is good" not in done.stdout


def test_a_missing_file_is_named(make_server):
    done = run_daemon(make_server(start=False), "-c", "/nonexistent/mailserver.conf")
    assert done.returncode == 1 and "/nonexistent/mailserver.conf" in done.stderr


def test_a_certificate_that_is_not_there_is_named(make_server):
    server = make_server(start=False, tls={"certificate": "/nonexistent/cert.pem"})
    done = run_daemon(server, "-c", str(server.conf_path))
    assert done.returncode == 1 and "/nonexistent/cert.pem" in done.stderr


def test_a_second_daemon_on_the_store_gives_up(server):
    done = run_daemon(server, "-c", str(server.conf_path))
    assert done.returncode == 1 and "start failed" in done.stderr
    assert not COMPLAINTS.search(done.stderr)


def test_a_port_in_use_is_named(make_server, server):
    taken = server.ports["smtp"]
    other = make_server(start=False, listen={"smtp": {"port": taken}})
    done = run_daemon(other, "-c", str(other.conf_path))
    assert done.returncode == 1 and str(taken) in done.stderr


# ---- signals ----


def test_sighup_says_what_changed_and_applies_it(fresh_server):
    server = fresh_server
    server.configure({"smtp": {"max_message_size": "70K"}, "listen": {"pop3": {"port": 1}}})
    server.send_signal(signal.SIGHUP)
    server.wait_log(r"smtp\.max_message_size: \S+ -> ")
    server.wait_log(r"listen\.pop3\.port: .*needs a restart")
    with server.connect("smtp") as talk:
        talk.says("C: EHLO client.example.net").until(f"250-SIZE {70 << 10}")


def test_a_reload_of_a_wrong_file_changes_nothing(fresh_server):
    server = fresh_server
    good = server.conf_path.read_text()
    server.conf_path.write_text(good + "nonsense = 1;\n")
    done = server.ctl("reload", check=False)
    # mailserverctl reads the same wrong file to find the daemon, and stops there.
    assert done.returncode == 1 and "nonsense" in done.stderr
    server.send_signal(signal.SIGHUP)
    server.wait_log(r"reload .*nonsense")
    server.wait_log(r"reload nothing has been changed")
    server.conf_path.write_text(good)
    assert "no option has changed" in server.ctl("reload")


def test_a_reload_waits_for_a_look_at_the_certificates(make_server):
    server = make_server(args=["--hold", "reload"], tls={"check_interval": "100ms"})
    server.wait_log(r'held class="reload"')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(control, server, request("reload"))
        server.ctl("status")  # by now the daemon has heard the other one, too
        server.release()
        assert b"no option has changed" in answer.result()


def test_a_reload_that_a_stop_overtakes_is_forgotten(make_server):
    """Not its memory, which a sanitizer would complain of."""
    server = make_server(args=["--hold", "reload"], tls={"check_interval": "1h"})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(control, server, request("reload"))
        server.wait_log(r'held class="reload"')
        server.stop()
        assert answer.result() == b""


def test_sigusr1_logs_the_state_and_the_sessions(fresh_server):
    with fresh_server.pop3("alice"):
        fresh_server.send_signal(signal.SIGUSR1)
        fresh_server.wait_log(r"status connections=1\b")
        fresh_server.wait_log(rf"status service=pop3s peer=127\.0\.0\.1 account=alice@{DOMAIN}")


def test_signals_while_it_ends_do_nothing(make_server):
    """What is still on its way is waited for, with all that a signal would act on gone."""
    for _ in range(3):
        server = make_server(start=False).start()
        server.send_signal(signal.SIGTERM)
        while server.running:
            for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM):
                server.send_signal(number)
        server.stop()


def test_sigterm_answers_the_message_in_flight_first(make_server):
    server = make_server(args=["--hold", "delivery write"])
    with server.smtp() as talk:
        talk.says(
            f"""
            C: MAIL FROM:<a@example.net>
            S: 250 ...
            C: RCPT TO:<alice@{DOMAIN}>
            S: 250 ...
            C: DATA
            S: 354 ...
            """
        )
        talk.send_data(b"Subject: last\r\n\r\nin flight\r\n")
        server.wait_log(r"held class=")
        server.send_signal(signal.SIGTERM)
        server.wait_log(r"stopping reason=SIGTERM")
        server.release()
        talk.expect("250 ...")
        talk.until("421 ...").closes()
    server.stop()
    server.args = []
    server.start()
    assert server.count("alice") == 1


def test_an_idle_session_is_told_that_the_server_stops(fresh_server):
    with fresh_server.pop3("alice") as alice, fresh_server.smtp() as talk:
        fresh_server.send_signal(signal.SIGTERM)
        alice.expect("-ERR ...")
        alice.closes()
        talk.expect("421 4.3.2 ...")
        talk.closes()
    fresh_server.stop()


# ---- listening ----


def test_ipv6_and_several_ports_and_addresses(make_server):
    server = make_server(
        listen={"smtp": {"port": [0, 0], "address": ["127.0.0.1", "127.0.0.2", "::1"]}}
    )
    lines = [line.split() for line in (server.data_dir / "ports").read_text().splitlines()]
    places = [(address, int(port)) for service, address, port in lines if service == "smtp"]
    assert {address for address, _ in places} == {"127.0.0.1", "127.0.0.2", "::1"}
    assert len(places) == 6
    for address, port in places:
        with socket.create_connection((address, port), 60) as sock:
            assert sock.recv(200).startswith(b"220 " + HOSTNAME.encode())


def test_a_service_without_ports_is_off(make_server):
    server = make_server(listen={"pop3": {"port": []}})
    assert "pop3" not in server.ports and "pop3s" in server.ports


def test_sockets_handed_over_by_the_service_manager_are_used(make_server):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        # As systemd does it: descriptor 3, and the process' own number in the environment.
        launch = (
            "import os, sys\n"
            f"os.dup2({sock.fileno()}, 3)\n"
            "os.set_inheritable(3, True)\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='smtp')\n"
            "os.execv(sys.argv[1], sys.argv[1:])\n"
        )
        server = make_server(start=False)
        ports = server.data_dir / "ports"
        ports.unlink(missing_ok=True)
        os.set_inheritable(sock.fileno(), True)
        with server.log_path.open("ab") as log:
            server._log_start = 0
            server.process = subprocess.Popen(
                ["python3", "-c", launch, server.build.daemon, "-c", server.conf_path],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=server.env,
                close_fds=False,
                start_new_session=True,
            )
        server.wait_log(r"\bready version=")
    assert f"smtp 127.0.0.1 {port}\n" in ports.read_text()
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        assert sock.recv(200).startswith(b"220 ")
    server.stop()


def test_sockets_handed_to_another_process_are_left_alone(make_server):
    # What a parent has left in the environment.
    server = make_server(env={"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"})
    assert "not a listening TCP socket" not in server.log
    with socket.create_connection(("127.0.0.1", server.ports["smtp"]), 60) as sock:
        assert sock.recv(200).startswith(b"220 ")


@pytest.mark.parametrize("kind", ["a path", "the abstract namespace"])
def test_readiness_is_told_to_the_service_manager(make_server, tmp_path, kind):
    path = str(tmp_path / "notify") if kind == "a path" else f"@mailserver-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path.replace("@", "\0"))
        notify.settimeout(60)
        server = make_server(env={"NOTIFY_SOCKET": path})
        assert notify.recv(200) == b"READY=1"
        server.send_signal(signal.SIGHUP)
        assert notify.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert notify.recv(200) == b"READY=1"
        server.stop()
        assert notify.recv(200) == b"STOPPING=1"


def test_a_service_manager_that_does_not_listen_holds_nobody_up(make_server, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        server = make_server(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        while "warn notify socket=" not in server.log:
            server.ctl("reload")
        server.stop()


def test_a_service_manager_that_cannot_be_told_is_no_reason_to_fail(make_server, tmp_path):
    server = make_server(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    server.wait_log("warn notify socket=")
    server.stop()


# ---- certificates ----


def names_of(server, host):
    """The names on the certificate a client gets that asks for `host`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.ports["pop3s"]), 60) as sock:
        with context.wrap_socket(sock, server_hostname=host) as tls:
            der = tls.getpeercert(binary_form=True)
    text = subprocess.run(
        ["openssl", "x509", "-inform", "der", "-noout", "-ext", "subjectAltName"],
        input=der,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return re.findall(r"DNS:([^,\s]+)", text)


def test_certificates_are_chosen_by_the_name_asked_for(make_server, tmp_path):
    other = Certificate(tmp_path, "other", ("mail.example.net", "*.example.com"))
    more = [{"certificate": str(other.certificate), "private_key": str(other.private_key)}]
    server = make_server(tls={"more": more})
    assert HOSTNAME in names_of(server, HOSTNAME)
    assert "mail.example.net" in names_of(server, "mail.example.net")
    assert "mail.example.net" in names_of(server, "imap.example.com")
    assert HOSTNAME in names_of(server, "unknown.example")


def test_a_renewed_certificate_is_used_and_no_connection_is_dropped(make_server, tmp_path):
    mine = Certificate(tmp_path, "mine")
    paths = {"certificate": str(mine.certificate), "private_key": str(mine.private_key)}
    server = make_server(tls=paths)
    server.tls = mine.client_context()
    with server.pop3("alice") as alice:
        Certificate(tmp_path, "mine", ("renewed.example.org",))
        assert "certificates read" in server.ctl("reload")
        assert names_of(server, HOSTNAME) == ["renewed.example.org"]
        alice.says("C: NOOP\nS: +OK ...")


def test_a_renewal_is_noticed_by_itself_right_after_the_start_and_later(make_server, tmp_path):
    mine = Certificate(tmp_path, "mine")
    paths = {"certificate": str(mine.certificate), "private_key": str(mine.private_key)}
    server = make_server(tls={**paths, "check_interval": "1s"})
    server.tls = mine.client_context()
    with server.pop3("alice") as alice:
        for name in ("renewed.example.org", "again.example.org"):
            Certificate(tmp_path, "mine", (name,))
            server.wait_for(lambda: names_of(server, HOSTNAME) == [name], f"to serve {name}")
        alice.says("C: NOOP\nS: +OK ...")


def test_a_broken_renewal_keeps_the_old_certificate(make_server, tmp_path):
    mine = Certificate(tmp_path, "mine")
    paths = {"certificate": str(mine.certificate), "private_key": str(mine.private_key)}
    server = make_server(tls=paths)
    mine.private_key.write_text("not a key\n")
    done = server.ctl("reload", check=False)
    assert done.returncode == 1 and str(mine.private_key) in done.stdout + done.stderr
    assert HOSTNAME in names_of(server, HOSTNAME)


@pytest.mark.parametrize(
    "version, accepted",
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
def test_tls_versions(server, version, accepted):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", server.ports["pop3s"]), 60) as sock:
        if not accepted:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(sock)
            return
        with context.wrap_socket(sock) as tls:
            assert tls.recv(100).startswith(b"+OK")


# ---- limits ----


def test_connections_over_a_limit_are_told_why(make_server):
    server = make_server(connections={"max_connections": 3})
    talks = [server.connect("smtp") for _ in range(3)]
    for talk in talks:
        talk.expect("220 ...")
    with server.connect("smtp") as refused:
        refused.expect("421 4.3.2 ...")
        refused.closes()
    talks.pop().says("C: QUIT").until("221 ...").closes()
    server.wait_for(lambda: server.ctl("session", "list").count("\n") == 2, "to forget one")
    server.connect("smtp").expect("220 ...")


def test_plaintext_logins_are_refused_without_tls(server):
    with server.connect("pop3") as talk:
        talk.expect("+OK ...")
        talk.says("C: USER alice\nS: -ERR ...")
    with server.smtp("submission") as talk:
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").until("5...")
