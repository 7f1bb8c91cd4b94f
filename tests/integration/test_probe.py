"""Probes of /status through seivisor-net, against nodes that answer in every way."""
import json
import time

import pytest

from seinet import Helper, Receiver, answer, endlessly, silent, slowly

INTENT = {"reason": 70, "reason_string": "upgrade_required", "plan_name": "v2", "height": 120,
          "info": "<&>", "announced_at": "2026-01-02T03:04:05.6Z"}


def status(**members):
    return {"node_info": {"network": "sei-1", "moniker": "m", "version": "0.38.25"},
            "sync_info": {"latest_block_height": "119", "catching_up": False}, **members}


def probe(step, timeout_ms=700):
    with Receiver(step) as receiver, Helper() as helper:
        started = time.monotonic()
        done = helper.ask("probe", url=receiver.url + "/status", timeout_ms=timeout_ms)
        assert time.monotonic() - started < 3
        assert done.pop("ok") is True
        assert receiver.connections == 1
        del done["id"]
        return done


HEALTHY = {"reachable": True, "height": 119, "catching_up": False, "network": "sei-1"}


@pytest.mark.parametrize("body, found", [
    (status(), HEALTHY),
    ({"jsonrpc": "2.0", "id": -1, "result": status()}, HEALTHY),
    (status(halt_intent=None), {**HEALTHY, "intent": None}),
    (status(halt_intent=INTENT), {**HEALTHY, "intent": INTENT}),
    ({"jsonrpc": "2.0", "id": -1, "result": status(halt_intent=INTENT)},
     {**HEALTHY, "intent": INTENT}),
    (status(halt_intent={**INTENT, "reason": 79, "new": [1]}),
     {**HEALTHY, "intent": {**INTENT, "reason": 79}}),
    (status(sync_info={"latest_block_height": 7, "catching_up": True}),
     {**HEALTHY, "height": 7, "catching_up": True}),
    ({"halt_intent": INTENT}, {"reachable": True, "network": "", "intent": INTENT}),
])
def test_what_a_node_says(body, found):
    assert probe(answer(200, json.dumps(body).encode())) == found


@pytest.mark.parametrize("step, detail", [
    (answer(200, json.dumps(status(halt_intent={**INTENT, "reason": "70"})).encode()),
     "halt_intent"),
    (answer(200, json.dumps(status(halt_intent={})).encode()), "halt_intent"),
    (answer(200, json.dumps(status(halt_intent=INTENT)).encode()[:-1]), "not JSON"),
    (answer(200, b"<html>hello"), "not JSON"),
    (answer(200, b"{}"), "no /status"),
    (answer(200, b"[" * 100000), "nests deeper than 256"),
    (answer(500, json.dumps(status(halt_intent=INTENT)).encode()), "HTTP 500"),
    (answer(502, b"bad gateway"), "HTTP 502"),
    (answer(200, b'{"jsonrpc":"2.0","id":-1,"error":{"code":-32603,"message":"Internal error"}}'),
     "Internal error"),
    (silent, "timed out: "),
    (slowly(answer(200, b"x" * 100)), "timed out: "),
    (endlessly(b"HTTP/1.1 200 OK\r\n\r\n{" + b" " * 4000), "answer too large: "),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "connection closed early: "),
    (b"", "connection closed early: "),
    (b"\x15\x03\x01\x00\x02\x02\x16", "answer is not HTTP: "),
])
def test_what_is_no_answer(step, detail):
    done = probe(step)
    assert done["reachable"] is False
    assert detail in done["detail"]
    assert set(done) == {"reachable", "detail"}


def test_nobody_listens():
    with Receiver() as receiver:
        receiver.close()
        with Helper() as helper:
            done = helper.ask("probe", url=receiver.url + "/status", timeout_ms=500)
            assert done["detail"] == "connect: Connection refused"
            done = helper.ask("probe", url="nonsense", timeout_ms=500)
            assert (done["ok"], done["reachable"]) == (True, False)


def test_many_at_a_time_and_one_too_many():
    with Receiver(silent) as receiver, Helper() as helper:
        asked = [helper.send("probe", url=receiver.url, timeout_ms=1000) for _ in range(33)]
        first = helper.answer()
        assert (first["id"], first["ok"], first["code"]) == (asked[-1], False, "busy")
        rest = {helper.answer()["id"] for _ in range(32)}
        assert rest == set(asked[:-1])
        assert helper.ask("probe", url=receiver.url, timeout_ms=50)["reachable"] is False
