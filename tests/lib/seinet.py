"""The network's other side for tests: scripted HTTP receivers, seivisor-net, a real Alertmanager."""
import http.client
import itertools
import json
import os
import queue
import shutil
import socket
import subprocess
import threading
import time

import pytest

from seirpc import free_ports, wait_for
from seitest import program

AT = "2026-01-02T03:04:05Z"


def answer(status=200, body=b"", headers=()):
    """The bytes of a plain answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Receiver:
    """Serves one connection after the other, each by the next step of a script; the last step
    stays. A step is bytes to send, or a function of (connection)."""

    def __init__(self, *steps, tls=None, reads=True):
        self.steps = list(steps) or [answer()]
        self.tls = tls  # an ssl.SSLContext
        self.reads = reads  # the request before the step
        self.requests = []  # (method, path, headers, body)
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.open = True
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Nobody listens from here on."""
        if self.open:
            self.open = False
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accept, too
            self.listener.close()

    def _run(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            threading.Thread(target=self._serve, args=(connection, step), daemon=True).start()

    def _serve(self, connection, step):
        with connection:
            try:
                connection.settimeout(10)
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                if self.reads:
                    self._read(connection)
                if callable(step):
                    step(connection)
                else:
                    connection.sendall(step)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)
            except (OSError, ValueError):
                pass  # the peer went, or speaks no HTTP

    def _read(self, connection):
        stream = connection.makefile("rb")
        method, path, _ = stream.readline().decode("latin-1").split(" ", 2)
        headers = http.client.parse_headers(stream)
        body = stream.read(int(headers.get("Content-Length", 0)))
        self.requests.append((method, path, headers, body))

    def bodies(self):
        return [json.loads(body) for _, _, _, body in self.requests]


def silent(connection):
    connection.recv(1)


def slowly(data, pause_s=0.05):
    def step(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause_s)
    return step


def endlessly(data):
    def step(connection):
        while True:
            connection.sendall(data)
    return step


class Helper:
    """A seivisor-net process and its conversation."""

    def __init__(self, targets=(), configure=True, args=(), **settings):
        self.process = subprocess.Popen([program("seivisor-net"), *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ids = itertools.count(1)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if configure:
            done = self.ask("configure", version=1, source="seivisor@test", targets=list(targets),
                            **settings)
            assert done == {"id": 1, "ok": True, "version": 1}, done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.end() == 0, self.process.stderr.read()

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, op, **members):
        number = next(self.ids)
        self.write(json.dumps({"id": number, "op": op, **members}).encode() + b"\n")
        return number

    def answer(self, timeout_s=10):
        return self.answers.get(timeout=timeout_s)

    def ask(self, op, **members):
        number = self.send(op, **members)
        done = self.answer()
        assert done["id"] == number, done
        return done

    def page(self, action, targets, key="host/v2/120", **members):
        page = {"dedup_key": key, "severity": "critical", "summary": "seid halted",
                "component": "seid", "group": "", "class": "downgrade_detected", "at": AT,
                "ttl_s": 3600, "details": {"plan": "v2", "height": "120"}, **members}
        return self.ask("page", action=action, targets=targets, **page)

    def end(self, timeout_s=5):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        return self.process.wait(timeout=timeout_s)


class Alertmanager:
    """A real one on a free port of loopback, without peers, with its state in `folder`."""

    def __init__(self, folder, resolve_timeout="1s"):
        path = shutil.which("prometheus-alertmanager")
        if not path:
            pytest.skip("prometheus-alertmanager is not installed: run make peers")
        self.port, = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        config = os.path.join(str(folder), "alertmanager.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"global: {{resolve_timeout: {resolve_timeout}}}\n"
                       "route: {receiver: none, group_wait: 1s}\nreceivers: [{name: none}]\n")
        self.command = [path, f"--config.file={config}", f"--storage.path={folder}/alertmanager",
                        f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]
        self.log = open(os.path.join(str(folder), "alertmanager.log"), "wb")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        wait_for("Alertmanager answers", self._is_ready, 30)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.log.close()

    def _get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()

    def _is_ready(self):
        assert self.process.poll() is None, "Alertmanager ended"
        try:
            return self._get("/-/ready")[0] == 200
        except OSError:
            return False

    def alerts(self):
        """Those that are alive."""
        status, body = self._get("/api/v2/alerts")
        assert status == 200
        return json.loads(body)
