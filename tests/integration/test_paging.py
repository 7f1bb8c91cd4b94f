"""Pages as they leave seivisor-net, against receivers that misbehave and a real Alertmanager."""
import os
import ssl
import subprocess
import time

import pytest

from seinet import AT, Alertmanager, Helper, Receiver, answer, endlessly, silent, slowly
from seirpc import wait_for


def webhook(receiver, name="w", **members):
    return {"name": name, "kind": "webhook", "url": receiver.url + "/hook?token=s3cret", **members}


def test_webhook_gets_the_page():
    with Receiver() as receiver:
        target = webhook(receiver, headers={"Authorization": "Bearer t0ken"})
        with Helper([target]) as helper:
            assert helper.page("trigger", ["w"])["results"] == {"w": "ok"}
            assert helper.page("resolve", ["w"])["results"] == {"w": "ok"}
        method, path, headers, _ = receiver.requests[0]
        assert (method, path) == ("POST", "/hook?token=s3cret")
        assert headers["Authorization"] == "Bearer t0ken"
        assert headers["Content-Type"] == "application/json"
        first, second = receiver.bodies()
        assert first == {"action": "trigger", "dedup_key": "host/v2/120", "severity": "critical",
                         "summary": "seid halted", "source": "seivisor@test", "component": "seid",
                         "group": "", "class": "downgrade_detected", "at": AT,
                         "details": {"plan": "v2", "height": "120"}}
        assert second == {**first, "action": "resolve"}


def test_pagerduty_gets_its_event(tmp_path):
    key = tmp_path / "key"
    key.write_text("r0uting\n")
    with Receiver(answer(202)) as receiver:
        target = {"name": "pd", "kind": "pagerduty", "url": receiver.url + "/v2/enqueue",
                  "routing_key_file": str(key)}
        with Helper([target]) as helper:
            assert helper.page("trigger", ["pd"])["results"] == {"pd": "ok"}
            assert helper.page("resolve", ["pd"])["results"] == {"pd": "ok"}
        trigger, resolve = receiver.bodies()
        assert resolve == {"routing_key": "r0uting", "event_action": "resolve",
                           "dedup_key": "host/v2/120"}
        payload = trigger.pop("payload")
        assert trigger == {**resolve, "event_action": "trigger"}
        assert payload == {"summary": "seid halted", "source": "seivisor@test",
                           "severity": "critical", "timestamp": AT, "component": "seid",
                           "class": "downgrade_detected",
                           "custom_details": {"plan": "v2", "height": "120"}}


@pytest.mark.parametrize("step, verdict", [
    (answer(200), "ok"),
    (answer(202, b"{}"), "ok"),
    (answer(500, b"oops\nmore"), "retry: HTTP 500 oops more"),
    (answer(503), "retry: HTTP 503"),
    (answer(429), "retry: HTTP 429"),
    (answer(408), "retry: HTTP 408"),
    (answer(400, b"bad"), "refused: HTTP 400 bad"),
    (answer(401), "refused: HTTP 401"),
    (answer(404), "refused: HTTP 404"),
    (answer(302, headers=["Location: http://127.0.0.1:1/"]), "refused: HTTP 302"),
    (silent, "retry: timed out: "),
    (slowly(answer(200, b"x" * 100)), "retry: timed out: "),
    (endlessly(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000), "retry: answer too large: "),
    (endlessly(b"HTTP/1.1 100 Continue\r\n\r\n"), "retry: answer too large: "),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "retry: connection closed early: "),
    (b"", "retry: connection closed early: "),
    (b"220 mail ready\r\n", "retry: answer is not HTTP: "),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_receiver_does_has_one_meaning(step, verdict):
    with Receiver(step) as receiver, Helper([webhook(receiver)], timeout_ms=700) as helper:
        started = time.monotonic()
        said = helper.page("trigger", ["w"])["results"]["w"]
        assert said == verdict or (verdict.endswith(": ") and said.startswith(verdict)), said
        assert time.monotonic() - started < 2.5
        assert "s3cret" not in said
        assert receiver.connections == 1  # one attempt: who asks decides about the next


def test_retry_after_is_passed_on():
    with Receiver(answer(429, headers=["Retry-After: 7"])) as receiver:
        with Helper([webhook(receiver)]) as helper:
            done = helper.page("trigger", ["w"])
            assert done["retry_after_ms"] == {"w": 7000}


def test_fails_twice_then_succeeds():
    with Receiver(answer(503), b"", answer(200)) as receiver, Helper([webhook(receiver)]) as helper:
        said = [helper.page("trigger", ["w"])["results"]["w"] for _ in range(3)]
        assert said[0] == "retry: HTTP 503"
        assert said[1].startswith("retry: connection closed early")
        assert said[2] == "ok"
        bodies = receiver.bodies()
        assert bodies[0] == bodies[1] == bodies[2]  # the same key: the receiver sees one incident


def test_targets_are_tried_side_by_side():
    with Receiver(silent) as slow, Receiver() as quick:
        targets = [webhook(slow, f"slow-{i}") for i in range(8)] + [webhook(quick, "quick")]
        with Helper(targets, timeout_ms=600) as helper:
            started = time.monotonic()
            results = helper.page("trigger", [t["name"] for t in targets] + ["gone"])["results"]
            assert time.monotonic() - started < 2
            assert list(results) == [t["name"] for t in targets] + ["gone"]
            assert results["quick"] == "ok"
            assert results["gone"] == "refused: no such target"
            assert all(results[f"slow-{i}"].startswith("retry: timed out") for i in range(8))


def test_nobody_listens_and_no_such_host():
    with Receiver() as receiver:
        receiver.close()
        targets = [webhook(receiver),
                   {"name": "x", "kind": "webhook", "url": "http://no-such-host.invalid/"}]
        with Helper(targets, timeout_ms=3000) as helper:
            results = helper.page("trigger", ["w", "x"])["results"]
            assert results["w"] == "retry: connect: Connection refused"
            assert results["x"].startswith("retry: ")


def test_secrets_are_never_repeated(tmp_path):
    key = tmp_path / "key"
    key.write_text("t0psecret")
    with Receiver(answer(400, b"no")) as receiver:
        target = {"name": "pd", "kind": "pagerduty", "url": receiver.url, "routing_key": "t0psecret",
                  "authorization_file": str(key)}
        helper = Helper([target])
        said = str(helper.page("trigger", ["pd"]))
        bad = helper.ask("configure", version=1, targets=[target])
        assert helper.end() == 0
        assert "t0psecret" not in said + str(bad) + helper.process.stderr.read().decode()
    with open(f"/proc/{os.getpid()}/cmdline", "rb") as file:
        assert b"t0psecret" not in file.read()


def test_alertmanager_has_the_alert_once_until_it_is_resolved(tmp_path):
    with Alertmanager(tmp_path) as manager:
        target = {"name": "am", "kind": "alertmanager", "url": manager.url}
        with Helper([target]) as helper:
            for _ in range(3):
                assert helper.page("trigger", ["am"])["results"] == {"am": "ok"}
            alert, = wait_for("the alert", manager.alerts)
            assert alert["labels"] == {"alertname": "SeiHalt", "dedup_key": "host/v2/120",
                                       "severity": "critical", "component": "seid",
                                       "class": "downgrade_detected"}
            assert alert["annotations"] == {"plan": "v2", "height": "120", "summary": "seid halted",
                                            "source": "seivisor@test"}
            assert alert["startsAt"].startswith("2026-01-02T03:04:05")
            assert alert["status"]["state"] in ("active", "unprocessed")
            time.sleep(2.5)  # beyond its resolve_timeout: the page says itself how long it holds
            assert len(manager.alerts()) == 1
            assert helper.page("trigger", ["am"], key="other")["results"] == {"am": "ok"}
            wait_for("both", lambda: len(manager.alerts()) == 2)
            assert helper.page("resolve", ["am"])["results"] == {"am": "ok"}
            wait_for("the resolve", lambda: [a["labels"]["dedup_key"] for a in manager.alerts()]
                       == ["other"])


def test_alertmanager_forgets_what_is_not_told_again(tmp_path):
    with Alertmanager(tmp_path) as manager:
        target = {"name": "am", "kind": "alertmanager", "url": manager.url + "/"}
        with Helper([target]) as helper:
            assert helper.page("trigger", ["am"], ttl_s=3)["results"] == {"am": "ok"}
            assert len(manager.alerts()) == 1
            time.sleep(2)
            assert helper.page("trigger", ["am"], ttl_s=3)["results"] == {"am": "ok"}
            time.sleep(1.6)
            assert len(manager.alerts()) == 1  # the second one extended the first
            wait_for("the end", lambda: not manager.alerts())


def test_alertmanager_says_what_it_refuses(tmp_path):
    with Alertmanager(tmp_path) as manager:
        target = {"name": "am", "kind": "alertmanager", "url": manager.url + "/nowhere"}
        with Helper([target]) as helper:
            assert helper.page("trigger", ["am"])["results"]["am"].startswith("refused: HTTP 404")


class Authority:
    """A certificate authority of its own, and servers with certificates of it."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.ca = str(folder / f"{name}.pem")
        self._openssl("req", "-x509", "-days", "2", "-subj", f"/CN={name}", "-keyout",
                      f"{self.ca}.key", "-out", self.ca, *self.KEY)

    KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

    def _openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, check=True, capture_output=True)

    def context(self, host, days="2"):
        cert = str(self.folder / f"{self.name}-server.pem")
        extension = self.folder / "san"
        extension.write_text(f"subjectAltName={host}\n")
        self._openssl("req", "-subj", "/CN=server", "-keyout", f"{cert}.key", "-out", "csr",
                      *self.KEY)
        self._openssl("x509", "-req", "-in", "csr", "-CA", self.ca, "-CAkey", f"{self.ca}.key",
                      "-CAcreateserial", "-days", days, "-extfile", str(extension), "-out", cert)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, f"{cert}.key")
        return context


@pytest.mark.parametrize("case, verdict", [
    ("trusted", "ok"),
    ("another authority", "retry: tls: SSL certificate problem"),
    ("system authorities", "retry: tls: SSL certificate problem"),
    ("another host", "retry: tls: SSL: no alternative certificate subject name"),
    ("expired", "retry: tls: SSL certificate problem: certificate has expired"),
    ("no TLS", "retry: tls: "),
    ("no authority file", "retry: tls: "),
])
def test_certificates_are_always_verified(tmp_path, case, verdict):
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    tls = ours.context("IP:127.0.0.2" if case == "another host" else "IP:127.0.0.1",
                       "-1" if case == "expired" else "2")
    ca = {"another authority": other.ca, "no authority file": "/no/such.pem"}.get(case, ours.ca)
    plain = case == "no TLS"
    with Receiver(tls=None if plain else tls, reads=not plain) as receiver:
        target = {"name": "w", "kind": "webhook", "url": f"https://127.0.0.1:{receiver.port}/"}
        settings = {} if case == "system authorities" else {"ca_file": ca}
        with Helper([target], **settings) as helper:
            said = helper.page("trigger", ["w"])["results"]["w"]
            assert said.startswith(verdict), said
            assert len(receiver.requests) == (1 if case == "trusted" else 0)
