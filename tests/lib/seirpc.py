"""A small client of the Tendermint RPC and its companions: ports, waiting. Standard library only."""
import calendar
import http.client
import json
import os
import socket
import threading
import time


def free_ports(count):
    """`count` different free ports on loopback, below the range of outgoing connections."""
    found = []
    port = 20000 + os.getpid() * 37 % 12000
    while len(found) < count:
        port = 20000 + (port - 20000 + 1) % 12000
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def wait_for(what, condition, timeout_s=30.0, every_s=0.01):
    """Polls until `condition()` gives something true and returns it."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"timed out waiting for {what}"
        time.sleep(every_s)


class RpcError(Exception):
    """A JSON-RPC error object."""

    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.error = error


class Rpc:
    """A client of the Tendermint RPC over one keep-alive connection a thread."""

    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def request(self, method, path, body=None, timeout=15):
        """(HTTP status, headers, body)."""
        for attempt in (0, 1):
            connection = getattr(self.local, "connection", None)
            if connection is None or attempt:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
                self.local.connection = connection
            try:
                connection.request(method, path, body)
                response = connection.getresponse()
                return response.status, dict(response.getheaders()), response.read()
            except (http.client.HTTPException, ConnectionError, OSError):
                connection.close()
                self.local.connection = None
                if attempt:
                    raise
        raise AssertionError

    def call(self, name, **params):
        status, _, body = self.request(
            "POST", "/", json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": params}))
        assert status == 200, body
        answer = json.loads(body)
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def try_call(self, name, **params):
        """None when nobody answers."""
        try:
            return self.call(name, **params)
        except (OSError, http.client.HTTPException):
            return None

    def height(self):
        status = self.try_call("status")
        return int(status["sync_info"]["latest_block_height"]) if status else 0

    def header_seconds(self, height):
        """The time of a header, in seconds since 1970."""
        text = self.call("header", height=str(height))["header"]["time"]
        whole, _, rest = text.rstrip("Z").partition(".")
        return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (rest or "0"))

    def halt_intent(self):
        """The intent, None while it is null or absent."""
        status = self.try_call("status")
        return status.get("halt_intent") if status else None
