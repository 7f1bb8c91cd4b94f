"""seictl as people and scripts use it: real processes against a small HTTP server that plays nodes
(a CometBFT, a Sei, one that halts while it is watched, one that is broken)."""
import http.server
import json
import os
import signal
import subprocess
import threading
import time

import pytest

import halts
from seirpc import free_ports
from seinode import program

SEICTL = program("seictl")
INTENT = {"reason": 70, "reason_string": "upgrade_required", "plan_name": "v2", "height": 42,
          "announced_at": "2026-11-21T12:34:56.789Z"}


def seictl(*argv, stdin="", timeout=30):
    return subprocess.run([SEICTL, *argv], input=stdin, capture_output=True, text=True,
                          check=False, timeout=timeout)


def explain_json(*argv, stdin=""):
    done = seictl("explain", "--json", *argv, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(*argv, stdin=""):
    return [d["row"] for d in explain_json(*argv, stdin=stdin)["decisions"]]


class Node:
    """A node whose /status a test changes while it is looked at."""

    def __init__(self, wrapped=True):
        self.wrapped = wrapped
        self.height = 7
        self.version = "1.0"
        self.extra = {}
        self.body = None  # raw bytes instead
        self.code = 200
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = node.answer(self.path)
                self.send_response(node.code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def answer(self, path):
        if self.body is not None:
            return self.body
        if path == "/abci_info":
            result = {"response": {"data": "app", "version": self.version}}
        elif path == "/status":
            result = {"node_info": {"network": "chain-1", "version": "0.38.26"},
                      "sync_info": {"latest_block_height": str(self.height), "catching_up": False},
                      **self.extra}
        else:
            result = {}
        return json.dumps({"jsonrpc": "2.0", "id": -1, "result": result} if self.wrapped
                          else result).encode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(name="node", params=["wrapped", "bare"])
def fixture_node(request):
    node = Node(request.param == "wrapped")
    yield node
    node.close()


def later(seconds, change):
    timer = threading.Timer(seconds, change)
    timer.start()
    return timer


# ---- explain ------------------------------------------------------------------------------------

@pytest.mark.parametrize("what, expected", [
    ("70", ["upgrade", "mapping-missing", "mapped-target-halted", "plan-unknown"]),
    ("71", ["roll-back", "no-rollback-target"]),
    ("72", ["human-required"]),
    ("downgrade_detected", ["human-required"]),
    ("73", ["unknown-reason"]), ("89", ["unknown-reason"]), ("90", ["crash"]),
    ("2", ["crash"]), ("137", ["crash"]), ("0", ["stopped"]), ("null", ["no-signal"]),
])
def test_explain_says_what_follows(what, expected):
    assert rows(what) == expected


def test_explain_every_exit_code():
    for code in range(256):
        answer = explain_json(str(code))
        assert answer["code"] == code and answer["decisions"], code
        contract = code in (70, 71, 72)
        assert (answer["reason"] != 0) == contract
        assert (answer["class"] == "contract") == contract


def test_explain_for_both_platforms_and_an_unknown_daemon():
    machine, kube = (explain_json(f"--platform={p}", "--mapping=none", "70")["decisions"][0]
                     for p in ("machine", "kubernetes"))
    assert machine["state"] == "BinaryMissing" and kube["state"] == "ImageMappingMissing"
    assert {"act": "exit", "now": True, "code": 70} in machine["actions"]
    assert "exit" not in [a["act"] for a in kube["actions"]]
    assert rows("--unknown-daemon", "72") == ["crash-uncorroborated"]
    assert rows("--unknown-daemon", "--mapping=other", "70") == ["upgrade", "crash-uncorroborated"]


def test_explain_an_intent_from_the_command_line_stdin_and_a_file(tmp_path):
    text = json.dumps(INTENT)
    path = tmp_path / "intent.json"
    path.write_text(text, encoding="utf-8")
    answers = [explain_json("--mapping=other", text),
               explain_json("--mapping=other", "-", stdin=text),
               explain_json("--mapping=other", str(path))]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["kind"] == "halt_intent" and answers[0]["reason"] == 70
    assert answers[0]["decisions"][0]["row"] == "upgrade-grace"
    assert rows("--mapping=other", "--age=30s", text) == ["upgrade"]
    assert rows("--mapping=other", "--ended", text) == ["upgrade"]
    wrong = json.dumps({**INTENT, "reason_string": "binary_too_new"})
    assert rows("--mapping=other", wrong) == ["evidence-disagrees"]
    human = seictl("explain", text)
    assert human.returncode == 0
    assert "70 upgrade_required: " in human.stdout and 'plan   "v2"' in human.stdout


def test_explain_upgrade_info_json(tmp_path):
    path = tmp_path / "upgrade-info.json"
    path.write_text('{"name":"v2","time":"0001-01-01T00:00:00Z","height":39}', encoding="utf-8")
    answer = explain_json("--mapping=other", str(path))
    assert (answer["kind"], answer["plan_name"], answer["height"]) == ("upgrade_info", "v2", 39)
    assert [d["row"] for d in answer["decisions"]] == ["upgrade-file"]
    assert [a["act"] for a in answer["decisions"][0]["actions"]] == [
        "latch", "event", "stop", "swap", "start"]


def test_explain_hostile_texts_never_reach_the_terminal_raw():
    text = json.dumps({**INTENT, "plan_name": "\x1b[2J\n<evil>", "info": "\r\x07"})
    done = seictl("explain", text)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout and "\x07" not in done.stdout
    assert '"\\u001b[2J\\n\\u003cevil\\u003e"' in done.stdout


@pytest.mark.parametrize("argv, stdin, says", [
    (["256"], "", "256 is no exit code"),
    (["no-such-file"], "", "neither an exit code"),
    ([], "", "seictl explain --help"),
    (["70", "71"], "", "seictl explain --help"),
    (["--platform=docker", "70"], "", "machine"),
    (["--mapping=x", "70"], "", "halted"),
    (["--nonsense", "70"], "", "seictl explain --help"),
    (["-"], "", "not JSON"),
    (["-"], '{"reason":70,"reason":70,"announced_at":"2026-11-21T12:34:56Z"}', "byte 13: a member is there twice"),
    (["-"], '{"reason":70} ', "byte 12: reason or announced_at is missing"),
    (["-"], "[" * 3000, "not JSON"),
    (["-"], "x" * (1 << 20) + "y", "longer than 1048576 bytes"),
], ids=range(12))
def test_explain_refuses_with_a_reason(argv, stdin, says):
    done = seictl("explain", *argv, stdin=stdin)
    assert done.returncode == (2 if "--help" in done.stderr else 1) and done.stdout == ""
    assert says in done.stderr, done.stderr


def test_explain_a_live_node(node):
    answer = explain_json(node.address)
    assert answer["kind"] == "node" and answer["node"]["state"] == "healthy"
    assert answer["node"]["height"] == 7 and answer["decisions"][0]["row"] == "healthy"
    node.extra = {"halt_intent": INTENT}
    answer = explain_json("--mapping=none", node.address)
    assert answer["node"]["halt_intent"] == INTENT
    assert [d["row"] for d in answer["decisions"]] == ["mapping-missing"]
    # The same answer, saved.
    saved = node.answer("/status").decode()
    assert rows("--mapping=none", "-", stdin=saved) == ["mapping-missing"]
    node.extra = {"halt_intent": None}
    assert rows(node.address) == ["no-signal"]


def test_explain_a_node_that_does_not_answer():
    done = seictl("explain", f"127.0.0.1:{free_ports(1)[0]}")
    assert done.returncode == 1
    assert "unreachable is no halt" in done.stdout


# ---- wait ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("condition, change", [
    ("halt", {"extra": {"halt_intent": INTENT}}),
    ("halt=70", {"extra": {"halt_intent": INTENT}}),
    ("halt=upgrade_required", {"extra": {"halt_intent": INTENT}}),
    ("height=9", {"height": 9}),
    ("version=2.0", {"version": "2.0"}),
])
def test_wait_until_it_happens(node, condition, change):
    assert seictl("wait", node.address, f"--for={condition}", "--timeout=0").returncode == 1
    timer = later(0.4, lambda: vars(node).update(change))
    start = time.monotonic()
    done = seictl("wait", node.address, "--for", condition, "--timeout=20s", "--interval=20ms")
    timer.join()
    assert done.returncode == 0, done.stderr
    assert 0.3 < time.monotonic() - start < 10
    assert done.stdout.startswith(f"{node.address}: {condition} met: height ")


def test_wait_times_out_like_kubectl(node):
    start = time.monotonic()
    done = seictl("wait", node.address, "--for=height=100", "--timeout=300ms", "--interval=50ms")
    assert done.returncode == 1 and done.stdout == ""
    assert 0.25 < time.monotonic() - start < 5
    assert done.stderr == (f"Error: timed out waiting for height=100 on {node.address}; "
                           "last seen: height 7, healthy\n")


def test_wait_for_another_reason_is_not_met(node):
    node.extra = {"halt_intent": INTENT}
    assert seictl("wait", node.address, "--for=halt=71", "--timeout=0").returncode == 1
    assert seictl("wait", node.address, "--for=healthy", "--timeout=0").returncode == 1
    done = seictl("wait", node.address, "--for=halt", "--timeout=0", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["halt_intent"] == INTENT


def test_wait_healthy_when_the_node_comes_up():
    port = free_ports(1)[0]
    waiting = subprocess.Popen([SEICTL, "wait", f"http://127.0.0.1:{port}", "--for=healthy",
                                "--timeout=20s", "--interval=20ms"],
                               stdout=subprocess.PIPE, text=True)
    time.sleep(0.2)
    assert waiting.poll() is None
    node = Node()
    try:
        # On the port that was waited for.
        relay = http.server.ThreadingHTTPServer(("127.0.0.1", port), node.server.RequestHandlerClass)
        threading.Thread(target=relay.serve_forever, args=(0.02,), daemon=True).start()
        out, _ = waiting.communicate(timeout=20)
        assert waiting.returncode == 0 and "healthy met: height 7, healthy" in out
        relay.shutdown()
        relay.server_close()
    finally:
        node.close()


@pytest.mark.parametrize("body, code", [
    (b"", 200), (b"not json", 200), (b"{}", 200), (b"[" * 100000, 200), (b'{"result":', 200),
    (b'{"result":{"sync_info":{}}}', 500), (b"\x00" * 2_000_000, 200),
], ids=["empty", "not json", "no status", "deep", "cut", "error", "large"])
def test_wait_is_not_fooled_by_broken_answers(node, body, code):
    node.body, node.code = body, code
    for condition in ("halt", "height=0", "healthy", "version=1.0"):
        done = seictl("wait", node.address, f"--for={condition}", "--timeout=0")
        assert done.returncode == 1, (condition, done.stdout)
        assert "last seen: no_status" in done.stderr or "last seen: unreachable" in done.stderr


def test_an_intent_that_cannot_be_read_is_no_halt(node):
    node.extra = {"halt_intent": {**INTENT, "reason": "70"}}
    done = seictl("wait", node.address, "--for=halt", "--timeout=0")
    assert done.returncode == 1 and "no_signal" in done.stderr and "byte 11" in done.stderr


@pytest.mark.parametrize("argv, says", [
    ([], "--for=CONDITION is missing"), (["--for=done"], "is no condition"),
    (["--for=halt", "--timeout=soon"], "is no duration"), (["--for=halt", "a:1", "b:2"], "--help"),
    (["--for=halt", "--interval=1ms"], "less than 10ms"), (["--for=height=-1"], "is no height"),
])
def test_wait_refuses_with_a_reason(argv, says):
    done = seictl("wait", *argv)
    assert done.returncode == (2 if "--help" in done.stderr else 1) and says in done.stderr, done.stderr


# ---- watch --------------------------------------------------------------------------------------

def test_watch_shows_each_change_once(node):
    watching = subprocess.Popen([SEICTL, "watch", node.address, "--json", "--interval=20ms"],
                                stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(watching.stdout.readline, "")
        seen = [json.loads(next(lines))]
        time.sleep(0.2)
        node.height = 8
        seen.append(json.loads(next(lines)))
        node.extra = {"halt_intent": INTENT}
        seen.append(json.loads(next(lines)))
        node.close()
        seen.append(json.loads(next(lines)))
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.wait(timeout=10)
    assert [line["state"] for line in seen] == ["healthy", "healthy", "halted", "unreachable"]
    assert [line.get("height") for line in seen] == [7, 8, 8, None]
    assert seen[2]["halt_intent"] == INTENT


def test_watch_for_people_and_a_closed_pipe(node):
    watching = subprocess.Popen([SEICTL, "watch", node.address, "--interval=10ms"],
                                stdout=subprocess.PIPE, text=True)
    assert watching.stdout.readline().endswith("Z height 7, healthy\n")
    watching.stdout.close()
    node.height = 8
    assert watching.wait(timeout=10) == 1  # nobody reads any more: it ends, and says nothing


# ---- a real node --------------------------------------------------------------------------------

@pytest.mark.parametrize("reason, row", [
    (70, "mapping-missing"), (71, "no-rollback-target"), (72, "human-required")])
def test_a_real_node_that_halts_and_stays_alive(reason, row):
    with halts.temporary_homes() as folder:
        home = halts.Homes(folder).copy(reason, "hot")
        run = halts.Run(home, reason, "stay-alive", args=halts.QUICK)
        try:
            address = f"127.0.0.1:{run.port}"
            done = seictl("wait", address, f"--for=halt={halts.TOKENS[reason]}", "--timeout=20s",
                          "--interval=20ms", "--json")
            assert done.returncode == 0, done.stderr + run.log()[-2000:]
            intent = json.loads(done.stdout)["halt_intent"]
            assert intent["reason"] == reason and intent["reason_string"] == halts.TOKENS[reason]
            assert intent["plan_name"] == "v2"
            answer = explain_json("--mapping=none", "--rollback=none", address)
            assert [d["row"] for d in answer["decisions"]] == [row]
            # The bytes that the node sends are those that the contract's encoder makes of them.
            encoded = done.stdout[done.stdout.index('"halt_intent":'):].rstrip().removesuffix("}")
            assert encoded.encode() in run.rpc.request("GET", "/status")[-1]
            assert seictl("wait", address, "--for=healthy", "--timeout=0").returncode == 1
            run.send(signal.SIGTERM)
            code = run.wait()
        finally:
            run.kill()
        assert code == reason and explain_json(str(code))["decisions"][0]["row"] in (
            "upgrade", "roll-back", "human-required")
        if reason == 70:
            answer = explain_json("--mapping=other", halts.info_path(home))
            assert answer["plan_name"] == "v2" and answer["info"] == halts.INFO


def test_a_real_node_by_height_version_and_health():
    with halts.temporary_homes() as folder:
        home = halts.Homes(folder).copy(71, "hot")
        run = halts.Run(home, 70, "hot", args=("--consensus.timeout_commit", "20ms"), rpc=True)
        try:
            address = f"tcp://127.0.0.1:{run.port}"
            for condition in ("healthy", "height=3", "version=0.1.0"):
                done = seictl("wait", address, f"--for={condition}", "--timeout=20s",
                              "--interval=20ms")
                assert done.returncode == 0, (condition, done.stderr)
            assert rows(address) == ["healthy"]
            run.send(signal.SIGTERM)
            assert run.wait() == 0
        finally:
            run.kill()


# ---- help ---------------------------------------------------------------------------------------

def test_help_and_version():
    top = seictl("--help")
    assert top.returncode == 0 and "seictl COMMAND" in top.stdout
    for command in ("explain", "watch", "wait"):
        assert command in top.stdout
        by_flag, by_command = seictl(command, "--help"), seictl("help", command)
        assert by_flag.returncode == by_command.returncode == 0
        assert by_flag.stdout == by_command.stdout and f"seictl {command}" in by_flag.stdout
    assert seictl("version").stdout.endswith("contract 1.0.0\n")
    for argv in (["nonsense"], ["wait", "--nonsense"]):
        assert seictl(*argv).returncode == 2


def test_completion_offers_what_there_is():
    def complete(*words):
        return seictl("__complete", *words).stdout.split()

    assert {"explain", "watch", "wait", "version"} <= set(complete(""))
    assert {"--for", "--timeout", "--interval", "--json"} <= set(complete("wait", "--"))
    assert complete("explain", "--platform", "k") == ["kubernetes"]
    script = seictl("completion", "bash")
    assert script.returncode == 0
    assert subprocess.run(["bash", "-n"], input=script.stdout, text=True, check=False).returncode == 0
