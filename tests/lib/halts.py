"""One graceful halt of a real node, in every form it can take, and what must be true of it.

A case is (reason, form, signals). Homes are made once a form and copied for each run, so that
thousands of runs are possible. Standard library only.
"""
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from seinode import Node, program
from seirpc import Rpc, free_ports, wait_for

INFO = 'a <b> & "c"\u2028 d\u00fc\ne'
INFO_JSON = '"a \\u003cb\\u003e \\u0026 \\"c\\"\\u2028 d\u00fc\\ne"'
TOKENS = {70: "upgrade_required", 71: "binary_too_new", 72: "downgrade_detected"}

# hot: the process has made blocks, or meets the plan for the first time. cold: it starts at a state
# that has halted before. replay: stored blocks are executed again, and the halt is among them.
FORMS = ("hot", "cold", "replay", "stay-alive", "stay-alive cold")
SIGNALS = ("none", "SIGINT", "SIGTERM", "both", "before", "two in teardown", "random")


def cases():
    """Every case that exists: a replay needs a plan that was passed once, with another binary."""
    for reason, form, signals in itertools.product((70, 71, 72), FORMS, SIGNALS):
        if form == "replay" and reason != 70:
            continue
        yield reason, form, signals


class Homes:
    """Prepared homes, one a (reason, form); copy() gives one to use up."""

    def __init__(self, folder):
        self.folder = folder
        self.made = {}
        self.count = 0

    def copy(self, reason, form):
        kind = form.removeprefix("stay-alive ")
        kind = "hot" if kind == "stay-alive" else kind
        if (reason, kind) not in self.made:
            self.made[reason, kind] = self.prepare(reason, kind)
        self.count += 1
        home = os.path.join(self.folder, f"run{self.count}")
        shutil.copytree(self.made[reason, kind], home)
        return home

    def prepare(self, reason, kind):
        home = Node(os.path.join(self.folder, f"home-{reason}-{kind}", "home")).home
        if kind == "hot" and reason == 72:
            edit_genesis(home, {"applied_plans": [{"name": "v2", "height": "1"}]})
            return home
        height = "1000000" if reason == 71 else "4"
        edit_genesis(home, {"plan": {"name": "v2", "height": height, "info": INFO}})
        if kind == "hot":
            return home
        if reason == 71:
            run_once(home, "seid", 0, "--halt-height", "3")
        if reason == 72 or kind == "replay":
            run_once(home, "seid", 70)
            run_once(home, "seid-v2", 0, "--halt-height", "9")
        if kind == "replay":
            roll_back(home, 7)
        else:
            run_once(home, BINARY[reason], reason)
        remove_if_there(info_path(home))
        return home


# The binary that halts. v1 has no handler; v2 has the one of the plan.
BINARY = {70: "seid", 71: "seid-v2", 72: "seid"}
QUICK = ("--consensus.timeout_commit", "0s")


def edit_genesis(home, upgrade):
    path = os.path.join(home, "config", "genesis.json")
    with open(path, encoding="utf-8") as f:
        genesis = json.load(f)
    genesis["app_state"]["upgrade"] = upgrade
    with open(path, "w", encoding="utf-8") as f:
        json.dump(genesis, f)


def info_path(home):
    return os.path.join(home, "data", "upgrade-info.json")


def remove_if_there(path):
    if os.path.exists(path):
        os.unlink(path)


def run_once(home, binary, want, *args):
    done = subprocess.run(
        [program(binary), "start", "--home", home, "--rpc.laddr", "", *QUICK, *args],
        capture_output=True, timeout=30, check=False)
    assert done.returncode == want, (done.returncode, done.stderr[-2000:])


def roll_back(home, blocks):
    """The state goes back; the blocks stay and are executed again at the next start."""
    for _ in range(blocks):
        subprocess.run([program("seid"), "rollback", "--home", home], check=True,
                       capture_output=True, timeout=30)


PORTS = {"given": set(), "lock": threading.Lock()}


def next_port():
    """A free port that no other run of this process was given lately."""
    with PORTS["lock"]:
        for port in free_ports(64):
            if port not in PORTS["given"]:
                PORTS["given"].add(port)
                if len(PORTS["given"]) > 32:
                    PORTS["given"].clear()
                    PORTS["given"].add(port)
                return port
    raise AssertionError("no free port")


class Run:
    """A node that is about to halt, its stderr, and the signals it gets."""

    def __init__(self, home, reason, form, *, args=(), rpc=False):
        self.home, self.reason, self.form = home, reason, form
        self.stay_alive = form.startswith("stay-alive")
        self.port = next_port() if rpc or self.stay_alive else 0
        command = [program(BINARY[reason]), "start", "--home", home, "--rpc.laddr",
                   f"tcp://127.0.0.1:{self.port}", *args]
        if self.stay_alive:
            command.append("--halt-stay-alive")
        self.log_path = home + ".log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.rpc = Rpc(self.port)

    def log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode()

    def halted(self):
        return TOKENS[self.reason] in self.log()

    def wait_halted(self):
        def seen():
            return self.halted() or self.process.poll() is not None
        wait_for("the halt", seen, 30, 0.002)
        assert self.halted(), self.log()[-3000:]

    def send(self, *signals):
        for number in signals:
            try:
                self.process.send_signal(number)
            except ProcessLookupError:
                pass

    def wait(self):
        return self.process.wait(timeout=30)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def check_evidence(run, code):
    """What the process left behind agrees with its exit code, whatever happened when."""
    log = run.log()
    line = f'UPGRADE "v2" NEEDED at height: 4: {INFO}\n'
    raw = [part for part in re.split(r"(?<=\n)(?=UPGRADE )", log) if part.startswith("UPGRADE ")]
    there = os.path.exists(info_path(run.home))
    if code == 0:
        assert not run.halted(), "exit 0 although it halted\n" + log[-3000:]
        assert not raw and not there, "an ordinary stop left signs of an upgrade"
        return
    assert code == run.reason, f"exit code {code}, want {run.reason}\n{log[-3000:]}"
    assert run.halted(), "the exit code of a halt without its log line"
    if run.reason != 70:
        assert not raw and not there, "only 70 writes the line and the file"
        return
    assert len(raw) == 1 and raw[0].startswith(line), repr(raw)
    with open(info_path(run.home), "rb") as f:
        content = f.read()
    want = f'{{"name":"v2","height":4,"info":{INFO_JSON}}}'.encode()
    assert content == want, (content, want)
    assert os.stat(info_path(run.home)).st_mode & 0o777 == 0o600


def check_alive(run):
    """Stay-alive: it answers, with the intent, and takes no transactions."""
    intent = wait_for("the intent on /status", run.rpc.halt_intent, 15)
    assert list(intent)[:2] == ["reason", "reason_string"], intent
    assert intent["reason"] == run.reason and intent["reason_string"] == TOKENS[run.reason], intent
    assert intent["announced_at"].endswith("Z"), intent
    assert intent["plan_name"] == "v2", intent
    assert isinstance(intent["height"], int) and intent["height"] >= 1, intent
    if run.reason == 70:
        assert intent["height"] == 4 and intent["info"] == INFO, intent
        assert run.rpc.height() == 3
    answer = run.rpc.request("POST", "/", json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "broadcast_tx_sync", "params": {"tx": "AAAA"}}))
    error = json.loads(answer[2])["error"]
    assert "halted" in json.dumps(error), error
    time.sleep(0.02)
    assert run.process.poll() is None, "stay-alive ended by itself"


def start_args(form, signals):
    """For a signal that must come before the halt, the next block is an hour away."""
    if signals == "before":
        return ("--consensus.timeout_commit", "1h")
    return QUICK


def postpone_genesis(home):
    path = os.path.join(home, "config", "genesis.json")
    with open(path, encoding="utf-8") as f:
        genesis = json.load(f)
    genesis["genesis_time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    with open(path, "w", encoding="utf-8") as f:
        json.dump(genesis, f)


def act(run, signals, rng):
    """Sends the signals of the case; returns the set of exit codes that are right."""
    if signals == "before":
        wait_for("the start", lambda: "starting node" in run.log() or run.process.poll() is not None)
        run.send(rng.choice((signal.SIGINT, signal.SIGTERM)))
        return {0}
    if signals == "random":
        time.sleep(rng.random() * 0.06)
        run.send(*rng.choices((signal.SIGINT, signal.SIGTERM), k=rng.randint(1, 3)))
        return {0, run.reason}
    run.wait_halted()
    if run.stay_alive:
        check_alive(run)
    sent = {"none": (), "SIGINT": (signal.SIGINT,), "SIGTERM": (signal.SIGTERM,),
            "both": (signal.SIGINT, signal.SIGTERM)}
    if signals == "two in teardown":
        run.send(signal.SIGTERM)
        time.sleep(rng.random() * 0.004)
        run.send(signal.SIGINT, signal.SIGTERM)
    elif signals == "none" and run.stay_alive:
        run.send(signal.SIGTERM)  # it would stay for ever
    else:
        run.send(*sent[signals])
    return {run.reason}


def one(homes, reason, form, signals, rng=random):
    """Runs one case; returns (exit code, seconds). Raises AssertionError on the first thing wrong."""
    home = homes.copy(reason, form)
    if signals == "before" and form in ("hot", "stay-alive", "replay"):
        if form == "replay":  # stored blocks are executed at once: nothing can come before
            signals = "random"
        else:
            postpone_genesis(home)
    began = time.monotonic()
    run = Run(home, reason, form, args=start_args(form, signals), rpc=rng.random() < 0.3)
    try:
        right = act(run, signals, rng)
        # A node that was signalled before it halted may be one that stays alive: end it.
        code = run.wait()
        if code < 0 and signals == "random" and not run.log():
            code = 0  # it came before main(): no program can help that, and nothing was opened
        assert code in right, f"exit code {code}, want one of {right}\n{run.log()[-3000:]}"
        check_evidence(run, code)
    finally:
        run.kill()
    took = time.monotonic() - began
    shutil.rmtree(home)
    os.unlink(run.log_path)
    return code, took


def temporary_homes():
    return tempfile.TemporaryDirectory(prefix="halts-")
