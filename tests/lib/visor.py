"""A home with daemons made of shell scripts, and seivisor over it."""
import http.server
import json
import os
import signal
import subprocess
import threading

import seirpc
from seinode import BUILD

SEIVISOR = os.path.join(BUILD, "bin", "seivisor")
FAULTS = os.path.join(BUILD, "bin", "seivisor-faults")

# What every daemon can do. It notes each start in the trace, which the tests read.
PRELUDE = """#!/bin/sh
note() { printf '%s\\n' "$*" >> "HOME/trace"; }
plan() {  # name height: as a careful daemon writes it
    printf '{"name":"%s","height":%s,"info":""}' "$1" "$2" > "HOME/data/.plan"
    mv "HOME/data/.plan" "HOME/data/upgrade-info.json"
}
plan_slowly() {  # as a careless one does: truncate, then write in pieces
    { printf '{"name":"%s",' "$1"; sleep 0.1; printf '"height":%s}' "$2"; } \\
        > "HOME/data/upgrade-info.json"
}
forever() { while :; do sleep 0.05; done; }
if [ "$1" = pre-upgrade ]; then note "NAME pre-upgrade"; PREUPGRADE; fi
note "NAME $*"
"""


def wait_for(condition, timeout=10.0, why=""):
    """As seirpc's, with the text of a failure last: most conditions here say enough."""
    return seirpc.wait_for(why or "a condition", condition, timeout)


class Visor:
    def __init__(self, path, program=SEIVISOR, **settings):
        self.home = os.path.join(str(path), "home")
        self.program = program
        os.makedirs(os.path.join(self.home, "data"))
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("DAEMON_", "SEIVISOR_", "COSMOVISOR_", "UNSAFE_"))}
        self.env.update(DAEMON_HOME=self.home, DAEMON_NAME="noded", SEIVISOR_CONTRACT="yes",
                        SEIVISOR_BACKOFF="20ms", SEIVISOR_CONFIRM_AFTER="300ms",
                        SEIVISOR_STATUS_URL="http://127.0.0.1:1/status", UNSAFE_SKIP_BACKUP="true")
        self.env.update(settings)
        self.log = os.path.join(str(path), "log")
        self.process = None

    # -- files

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def script(self, name, body, preupgrade="exit 1"):
        text = PRELUDE.replace("HOME/", self.home + "/").replace("NAME", name).replace("PREUPGRADE", preupgrade) + body + "\n"
        source = os.path.join(os.path.dirname(self.home), f"source-{name}")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(source, 0o755)
        return source

    def genesis(self, body, name="genesis"):
        self.ok("init", self.script(name, body))

    def upgrade(self, plan, body, preupgrade="exit 1", *more):
        self.ok("add-upgrade", plan, self.script(plan, body, preupgrade), *more)

    def trace(self):
        try:
            with open(self.path("trace"), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def current(self):
        return os.readlink(self.path("cosmovisor", "current"))

    def point(self, target):
        """As a person does it."""
        link = self.path("cosmovisor", "current")
        os.symlink(target, link + ".by-hand")
        os.rename(link + ".by-hand", link)

    def state(self, name):
        return self.path("cosmovisor", ".seivisor", name)

    def pages(self):
        """The pages that are stored: those that are open, and those whose end is to be told."""
        return [{"class": incident["page"]["class"], "severity": incident["page"]["severity"],
                 "left": [name for name, at in incident["targets"].items() if at["waiting"]]}
                for incident in self.memory().get("pages", {"incidents": []})["incidents"]]

    def memory(self):
        with open(self.state("memory.json"), encoding="utf-8") as file:
            return json.load(file)

    def journal(self):
        with open(self.state("journal"), encoding="utf-8") as file:
            return [json.loads(line.split("\t")[0])["step"] for line in file]

    def history(self):
        out = self.ok("history", "--json", "--limit", "1000")
        return [json.loads(line) for line in out.splitlines()]

    def rows(self):
        return [entry["row"] for entry in self.history() if entry["event"] == "decision"]

    def logged(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    # -- commands

    def command(self, *args, **env):
        return subprocess.run([self.program, *args], env={**self.env, **env}, capture_output=True,
                              text=True, timeout=30, check=False)

    def ok(self, *args, **env):
        done = self.command(*args, **env)
        assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}{self.logged()}"
        return done.stdout

    def until_up(self):
        wait_for(lambda: self.process.poll() is not None or
                 self.command("status").returncode == 0, why=self.logged())

    def status(self):
        self.until_up()
        return json.loads(self.ok("status", "--json"))

    def metrics(self):
        self.until_up()
        lines = self.ok("status", "--metrics").splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines
                if not line.startswith("#")}

    # -- the supervisor itself

    def start(self, *args, **env):
        # pylint: disable=consider-using-with
        log = open(self.log, "a", encoding="utf-8")
        self.process = subprocess.Popen([self.program, "run", *(args or ("start",))],
                                        env={**self.env, **env}, stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        return self.process

    def wait(self, timeout=15):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs:\n{self.logged()}") from None

    def run(self, *args, timeout=15, **env):
        self.start(*args, **env)
        return self.wait(timeout)

    def kill(self, signo):
        self.process.send_signal(signo)

    def stop(self, signo=signal.SIGTERM):
        self.kill(signo)
        return self.wait()

    def until_trace(self, line, count=1, timeout=10):
        wait_for(lambda: self.trace().count(line) >= count, timeout,
                 f"for {line!r}: {self.trace()}\n{self.logged()}")

    def until_log(self, text, timeout=10):
        wait_for(lambda: text in self.logged(), timeout, f"for {text!r} in:\n{self.logged()}")

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        # The daemon gets SIGTERM by the death of its parent; one that ignores it is ended here.
        try:
            with open(self.state("child"), encoding="utf-8") as file:
                os.killpg(int(file.read().split()[0]), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            pass


class Web:
    """A small HTTP server: /status as the tests set it, and a place where pages arrive."""

    def __init__(self):
        self.status = None   # what GET answers, an object
        self.pages = []      # (path, object)
        self.code = 200      # what POST answers
        self.gets = 0
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self, code, body):
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):  # pylint: disable=invalid-name
                web.gets += 1
                if web.status is None:
                    self.reply(503, b"{}")
                else:
                    self.reply(200, json.dumps(web.status).encode())

            def do_POST(self):  # pylint: disable=invalid-name
                size = int(self.headers.get("Content-Length", "0"))
                body = json.loads(self.rfile.read(size))
                if web.code == 200:
                    web.pages.append((self.path, body, dict(self.headers)))
                self.reply(web.code, b"{}")

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def healthy(self, height, intent=False):
        result = {"node_info": {"network": "test-1"},
                  "sync_info": {"latest_block_height": str(height), "catching_up": False}}
        if intent is not False:
            result["halt_intent"] = intent
        self.status = {"jsonrpc": "2.0", "id": -1, "result": result}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def intent(reason, plan="v2", height=120):
    tokens = {70: "upgrade_required", 71: "binary_too_new", 72: "downgrade_detected"}
    return {"reason": reason, "reason_string": tokens.get(reason, "unknown"), "plan_name": plan,
            "height": height, "announced_at": "2026-01-02T03:04:05Z"}
