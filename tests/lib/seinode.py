"""Our programs as processes: where they are, and a node with its home. Standard library only."""
import base64
import json
import os
import signal
import subprocess

from seirpc import Rpc, RpcError, free_ports, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("SEIHALT_BUILD", os.path.join(TOP, "build")))
PEERS = os.environ.get("SEIHALT_PEERS") or os.path.join(
    os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "seihalt", "peers")


def program(name):
    """The path of one of our programs."""
    path = os.path.join(BUILD, "bin", name)
    assert os.path.exists(path), f"{path} is not built: run make"
    return os.path.realpath(path)


class Node:
    """A one-validator home made by `seid localnet`, and the process that runs on it."""

    def __init__(self, home, *, chain_id="test-1", block_time="100ms", voting_period="2s",
                 localnet=(), binary="seid"):
        self.home = str(home)
        self.chain_id = chain_id
        self.binary = binary
        self.port, *self.other_ports = free_ports(6)
        self.rpc = Rpc(self.port)
        self.process = None
        self.log_path = os.path.join(os.path.dirname(self.home), "node.log")
        self.run("localnet", "--chain-id", chain_id, "--block-time", block_time,
                 "--voting-period", voting_period, *localnet)

    def command(self, *args, binary=None):
        """The argument list of a command of the node's program on this home."""
        return [program(binary or self.binary), *map(str, args), "--home", self.home]

    def run(self, *args, binary=None, check=True, node=False, timeout=60):
        """Runs a command; returns the finished process."""
        command = self.command(*args, binary=binary)
        if node:
            command += ["--node", f"tcp://127.0.0.1:{self.port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def start(self, *args, binary=None, wait=True):
        command = [program(binary or self.binary), "start", "--home", self.home,
                   "--rpc.laddr", f"tcp://127.0.0.1:{self.port}", *map(str, args)]
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        if wait:
            self.wait_height(1)
        return self.process

    def wait_height(self, height, timeout_s=30.0):
        def reached():
            assert self.process is None or self.process.poll() is None, \
                f"the node ended with {self.process.returncode}\n{self.log()[-3000:]}"
            return self.rpc.height() >= height
        wait_for(f"height {height}", reached, timeout_s)

    def wait_exit(self, timeout_s=30.0):
        return self.process.wait(timeout=timeout_s)

    def stop(self, sig=signal.SIGTERM, timeout_s=30.0):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
        return self.wait_exit(timeout_s) if self.process else None

    def log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode(errors="replace")

    def tx(self, *args, key="validator", check=True):
        """Signs and sends a transaction, waits until it is in a block, returns its TxResponse."""
        done = self.run("tx", *args, "--from", key, "--keyring-backend", "test", "--chain-id",
                        self.chain_id, "--fees", "2000usei", "--yes", "-o", "json", node=True)
        answer = json.loads(done.stdout)
        assert not check or answer["code"] == 0, answer
        if answer["code"] != 0:
            return answer
        def found():
            try:
                return self.rpc.call("tx", hash=base64.b64encode(bytes.fromhex(answer["txhash"])).decode())
            except RpcError:
                return None
        result = wait_for("the transaction", found)
        assert not check or result["tx_result"]["code"] == 0, result
        return result

    def query(self, *args):
        return json.loads(self.run("q", *args, "-o", "json", node=True).stdout)

    def upgrade_info(self):
        """The bytes of upgrade-info.json, None when there is none."""
        try:
            with open(os.path.join(self.home, "data", "upgrade-info.json"), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None
