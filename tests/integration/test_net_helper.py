"""seivisor-net as a process: its life, its metrics server, broken input."""
import http.client
import json
import os
import signal
import subprocess
import time

import pytest

from seinet import Helper, Receiver, silent
from seitest import program


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    reply = connection.getresponse()
    return reply.status, reply.getheader("Content-Type"), reply.read()


def test_metrics_status_and_health():
    with Helper() as helper:
        port = helper.ask("serve", listen="127.0.0.1:0")["port"]
        assert get(port, "/metrics")[0] == get(port, "/status")[0] == get(port, "/healthz")[0] == 503
        assert get(port, "/other")[0] == 404
        state = {"state": "running", "text": "é\n\"<"}
        assert helper.ask("publish", metrics="up 1\n", status=state, healthy=True)["ok"]
        assert get(port, "/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", b"up 1\n")
        code, kind, body = get(port, "/status")
        assert (code, kind, json.loads(body)) == (200, "application/json", state)
        assert get(port, "/healthz") == (200, "text/plain; charset=utf-8", b"ok\n")
        assert helper.ask("publish", metrics="up 0\n", status={}, healthy=False)["ok"]
        assert get(port, "/healthz")[0] == 503
        assert get(port, "/metrics")[2] == b"up 0\n"
        assert get(port, "/metrics", "POST")[0] == 405
        # Asked again: nothing changes. Elsewhere: it moves.
        assert helper.ask("serve", listen="127.0.0.1:0")["port"] == port
        moved = helper.ask("serve", listen="localhost:0")["port"]
        assert moved != port and get(moved, "/metrics")[2] == b"up 0\n"
        with pytest.raises(OSError):
            get(port, "/metrics")


def test_a_port_that_is_taken():
    with Receiver() as receiver, Helper() as helper:
        done = helper.ask("serve", listen=f"127.0.0.1:{receiver.port}")
        assert (done["ok"], done["code"]) == (False, "failed")
        assert "Address already in use" in done["error"]


def test_it_ends_with_its_input_and_with_nothing_else():
    with Receiver(silent) as receiver:
        helper = Helper(timeout_ms=30000)
        helper.send("probe", url=receiver.url, timeout_ms=30000)
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            helper.process.send_signal(sig)
        time.sleep(0.3)
        assert helper.process.poll() is None
        started = time.monotonic()
        assert helper.end() == 0
        assert time.monotonic() - started < 1


def test_it_ends_when_nobody_reads():
    read_end, write_end = os.pipe()
    process = subprocess.Popen([program("seivisor-net")], stdin=subprocess.PIPE, stdout=write_end)
    os.close(write_end)
    os.close(read_end)
    process.stdin.write(b"{}\n")
    process.stdin.flush()
    assert process.wait(timeout=5) == 0
    process.stdin.close()


def test_broken_lines_are_answered_and_survived():
    with Helper() as helper:
        for line in (b"\n", b"{\n", b"\x00\xff\n", b"[" * 5000 + b"\n", b"x" * (300 * 1024) + b"\n"):
            helper.write(line)
            done = helper.answer()
            assert (done["id"], done["ok"], done["code"]) == (0, False, "bad_request"), line[:20]
        assert helper.ask("dance")["code"] == "unknown_op"
        assert helper.ask("publish", metrics="x" * 200000, status={}, healthy=True)["ok"]


def test_a_flood_without_reading_is_held_back():
    """Requests whose answers nobody reads stop being read: the helper's memory stays small."""
    read_end, write_end = os.pipe()
    process = subprocess.Popen([program("seivisor-net")], stdin=subprocess.PIPE, stdout=write_end)
    os.close(write_end)
    os.set_blocking(process.stdin.fileno(), False)
    sent, stuck_since = 0, None
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            sent += os.write(process.stdin.fileno(), b"{}\n" * 10000)
            stuck_since = None
        except BlockingIOError:
            stuck_since = stuck_since or time.monotonic()
            if time.monotonic() - stuck_since > 1:
                break
            time.sleep(0.01)
    assert stuck_since, f"{sent} bytes taken and no end"
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        memory_kb = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    assert memory_kb < 200000
    os.close(read_end)
    process.stdin.close()
    assert process.wait(timeout=5) == 0


def test_configuration_from_a_file(tmp_path):
    with Receiver() as receiver:
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"source": "me", "targets": [
            {"name": "w", "kind": "webhook", "url": receiver.url}]}))
        with Helper(configure=False, args=["--config", str(config)]) as helper:
            assert helper.page("trigger", ["w"])["results"] == {"w": "ok"}
            assert receiver.bodies()[0]["source"] == "me"
            assert helper.ask("configure", version=1)["error"] == "configured already"


@pytest.mark.parametrize("text, error", [
    (None, "No such file or directory"),
    ("{", "line 1, column 1"),
    ("[]", "not an object"),
    ('{"targets":[{"name":"w","kind":"webhook"}]}', 'target w: "url" is no http'),
])
def test_a_configuration_that_is_none(tmp_path, text, error):
    config = tmp_path / "config.json"
    if text is not None:
        config.write_text(text)
    done = subprocess.run([program("seivisor-net"), "--config", str(config)],
                          stdin=subprocess.PIPE, capture_output=True, text=True, check=False,
                          timeout=10)
    assert done.returncode == 1
    assert done.stderr.startswith(f"seivisor-net: {'cannot open ' if text is None else ''}{config}")
    assert error in done.stderr


def test_input_that_is_no_pipe():
    done = subprocess.run([program("seivisor-net")], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=10)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is no pipe, socket or terminal" in done.stderr
