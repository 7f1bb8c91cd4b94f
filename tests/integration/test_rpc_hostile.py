"""Broken and hostile input to the Tendermint RPC: each row has its clear answer, and after each the
node answers others as before."""
import json
import os
import select
import socket
import threading
import time

import pytest

from seitest import Node, wait_for

pytestmark = pytest.mark.threads


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("hostile") / "home", block_time="200ms")
    node.start("--rpc.max_open_connections", "60")
    yield node
    assert node.stop() == 0


@pytest.fixture(autouse=True)
def healthy_after(node):
    yield
    assert node.rpc.call("health") == {}
    before = node.rpc.height()
    wait_for("the next block", lambda: node.rpc.height() > before)


def raw(node, data, timeout=15, shut=False):
    """Sends bytes and returns everything that comes back until the server closes or goes quiet."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=timeout) as s:
        s.sendall(data)
        if shut:
            s.shutdown(socket.SHUT_WR)
        s.settimeout(0.3)
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return got


def status_of(answer):
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.") else None


def post(body, length=None):
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


ROWS = {
    "garbage": (b"\x00\xff\x16\x03\x01garbage\r\n\r\n", {400, None}),
    "a TLS hello": (bytes.fromhex("16030100c8010000c40303") + bytes(200), {400, None}),
    "an HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, 505, None}),
    "no Host": (b"GET /health HTTP/1.1\r\n\r\n", {200, 400}),
    "HTTP/1.0": (b"GET /health HTTP/1.0\r\n\r\n", {200}),
    "unknown method": (b"BREW /health HTTP/1.1\r\nHost: x\r\n\r\n", {200, 405, 501}),
    "negative length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", {400, None}),
    "length that is no number": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", {400, None}),
    "length beyond 64 bits": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", {400, 413, None}),
    "headers too large": (b"GET /health HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100000 + b"\r\n\r\n", {400, 413, 431, None}),
    "path too long": (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404, 414, None}),
    "encoded NUL in the path": (b"GET /health%00 HTTP/1.1\r\nHost: x\r\n\r\n", {200, 404}),
    "path that climbs": (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "query without an end": (b"GET /block?height=%E2%28%A1&&&=&height HTTP/1.1\r\nHost: x\r\n\r\n", {200, 500}),
    "NUL in the body": (post(b'{"id":1,"method":"\x00"}'), {500}),
    "not UTF-8": (post(b'{"id":1,"method":"\xff"}'), {500}),
    "deep": (post(b"[" * 100000), {500}),
    "deep objects": (post(b'{"a":' * 20000 + b"1" + b"}" * 20000), {500}),
    "a huge number": (post(b'{"id":1,"method":"block","params":{"height":"' + b"9" * 10000 + b'"}}'), {200}),
    "an id of the wrong type": (post(b'{"id":[],"method":"health"}'), {500}),
    "duplicate members": (post(b'{"id":1,"id":2,"method":"health"}'), {200, 500}),
    "a body too large": (post(b"a" * 1_000_001), {400}),
    "a batch too large": (post(json.dumps([{"id": i, "method": "health"} for i in range(11)]).encode()), {200}),
    "a query that is no query": (b'GET /tx_search?query="%27" HTTP/1.1\r\nHost: x\r\n\r\n', {500}),
    "a query too long": (b'GET /tx_search?query="' + b"a" * 600 + b'=1" HTTP/1.1\r\nHost: x\r\n\r\n', {500}),
    "a transaction of nothing": (post(b'{"id":1,"method":"broadcast_tx_sync","params":{"tx":""}}'), {200}),
    "a transaction of noise": (post(b'{"id":1,"method":"broadcast_tx_sync","params":{"tx":"' + b"/" * 4000 + b'"}}'), {200}),
    "a query for no path": (post(b'{"id":1,"method":"abci_query","params":{"path":"","data":""}}'), {200}),
    "a query with noise": (post(b'{"id":1,"method":"abci_query","params":{"path":"/cosmos.bank.v1beta1.Query/Balance","data":"ffffffffff"}}'), {200}),
    "a height from the future": (post(b'{"id":1,"method":"abci_query","params":{"path":"/cosmos.bank.v1beta1.Query/Params","data":"","height":"9223372036854775807"}}'), {200}),
    "a truncated body, closed": (post(b"{", length=100), {None, 400, 500}),
}


@pytest.mark.parametrize("name", ROWS)
def test_one_bad_request(node, name):
    data, allowed = ROWS[name]
    answer = raw(node, data, shut=name.endswith("closed"))
    assert status_of(answer) in allowed, answer[:500]
    if answer.startswith(b"HTTP/1.1 200") and b"application/json" in answer:
        json.loads(answer.partition(b"\r\n\r\n")[2])


def test_pipelined_requests_are_answered_in_order(node):
    answer = raw(node, b"".join(post(b'{"id":%d,"method":"health"}' % i) for i in range(20)))
    ids = [json.loads(part.partition(b"\r\n\r\n")[2].partition(b"HTTP/1.1")[0])["id"]
           for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert ids == list(range(20))


def test_a_body_that_drips_is_cut(node):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as s:
        s.sendall(post(b"", length=1000))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while time.monotonic() - began < 25:
                s.sendall(b" ")
                time.sleep(0.2)
    assert 8 < time.monotonic() - began < 20


def test_too_many_connections_wait_for_their_turn(node):
    """As in CometBFT: beyond the limit a connection is not taken from the queue until one ends."""
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    sockets = [socket.create_connection(("127.0.0.1", node.port), timeout=5) for _ in range(100)]

    def answered(wanted, seconds):
        got = []
        deadline = time.monotonic() + seconds
        while len(got) < wanted and time.monotonic() < deadline:
            ready, _, _ = select.select([s for s in sockets if s not in got], [], [], 0.1)
            got += [s for s in ready if s.recv(4096).startswith(b"HTTP/1.1 200")]
        return got
    try:
        for s in sockets:
            s.sendall(request)
        first = answered(100, 2)
        assert 0 < len(first) <= 60, len(first)
        for s in first:
            sockets.remove(s)
            s.close()
        waiting = len(sockets)
        assert len(answered(waiting, 10)) == waiting
    finally:
        for s in sockets:
            s.close()


def test_memory_stays_bounded(node):
    def resident():
        with open(f"/proc/{node.process.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    def flood():
        for _ in range(20):
            raw(node, post(b'{"id":1,"method":"' + b"x" * 900_000 + b'"}'))
    flood_threads = [threading.Thread(target=flood) for _ in range(1)]
    before = resident()
    for t in flood_threads:
        t.start()
    for t in flood_threads:
        t.join()
    sanitized = "asan" in os.environ.get("SEIHALT_BUILD", "") or "address" in os.environ.get("SEIHALT_BUILD", "")
    assert resident() - before < (600_000 if sanitized else 60_000), (before, resident())


def test_a_socket_file_serves_and_outlives_kill_9(tmp_path):
    node = Node(tmp_path / "home")
    path = str(tmp_path / "rpc.sock")

    def answers():
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(path)
            except OSError:
                return False
            s.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return s.recv(100).startswith(b"HTTP/1.1 200")

    for _ in range(2):
        node.start("--rpc.laddr", f"unix://{path}", wait=False)
        wait_for("the socket", answers)
        node.process.kill()
        node.wait_exit()
        assert os.path.exists(path)
    node.start("--rpc.laddr", f"unix://{path}", wait=False)
    wait_for("the socket", answers)
    assert node.stop() == 0
    assert not os.path.exists(path)
