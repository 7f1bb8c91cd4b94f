"""kill -9 of the real node at random instants under load, and what must hold afterwards.

Whatever a client has seen of a block (its hash, its signature, the app hash it gives) before the
kill is there, unchanged, after the restart; nothing was signed twice; executing the blocks again
gives the same app hash. Standard library only.
"""
import json
import os
import random
import signal
import subprocess
import threading
import time

from seinode import BUILD, Node, program
from seirpc import Rpc, RpcError, wait_for

SENDERS = 40  # fresh accounts a round: a transaction that the kill lost would block its sender
EACH = 8


def bench_transfers():
    return os.path.join(BUILD, "tests", "bench", "bench_transfers")


class Watcher(threading.Thread):
    """Reads the newest block over RPC as fast as it can, and remembers everything it was told."""

    def __init__(self, port, seen):
        super().__init__(daemon=True)
        self.rpc, self.seen, self.stop, self.wrong = Rpc(port), seen, False, None

    def run(self):
        while not self.stop and not self.wrong:
            try:
                self.look()
            except (OSError, RpcError, ValueError, KeyError, Exception) as error:  # the node is being killed
                if isinstance(error, AssertionError):
                    self.wrong = error
                time.sleep(0.001)

    def look(self):
        header = self.rpc.call("commit")["signed_header"]
        if header["commit"]["signatures"]:
            remember(self.seen, header)


def remember(seen, signed_header):
    """One height has one block, one signature and one timestamp, for ever."""
    header, commit = signed_header["header"], signed_header["commit"]
    height = int(header["height"])
    fact = (commit["block_id"]["hash"], commit["round"], commit["signatures"][0]["timestamp"],
            commit["signatures"][0]["signature"], header["app_hash"])
    assert seen.setdefault(height, fact) == fact, f"height {height}: {seen[height]} became {fact}"


class Soak:
    def __init__(self, folder, rounds, seed):
        self.rng = random.Random(seed)
        self.node = Node(os.path.join(folder, "home"), block_time="0s")
        self.seen = {}
        self.rounds = rounds
        self.first = add_accounts(self.node.home, (rounds + 1) * SENDERS)
        self.transfers = 0

    def load(self, i):
        """Transfers from accounts of this round, signed ahead; ends when the node does."""
        return subprocess.Popen(
            [bench_transfers(), "send", str(self.node.port), self.node.chain_id, str(self.first),
             str(SENDERS), str(EACH), str(i * SENDERS)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def round(self, i):
        """One start, some load, one kill; returns (height before, height after the restart)."""
        node = self.node
        before = max(self.seen, default=0)
        node.start(wait=False)
        # A node that cannot come back after a kill ends here.
        wait_for("the node to answer", lambda: alive(node) and node.rpc.height() > 0, 30, 0.002)
        assert node.rpc.height() >= before, f"height {node.rpc.height()} after {before} was seen"
        watcher, load = Watcher(node.port, self.seen), self.load(i)
        watcher.start()
        time.sleep(self.rng.random() * 0.4)
        node.process.send_signal(signal.SIGKILL)
        node.process.wait()
        watcher.stop = True
        watcher.join()
        load.kill()
        load.wait()
        if watcher.wrong:
            raise watcher.wrong
        return before, max(self.seen, default=0)

    def check(self):
        """Every block that was ever seen is in the chain, as it was seen, and the chain is whole."""
        node = self.node
        node.start(wait=False)
        wait_for("the node to answer", lambda: alive(node) and node.rpc.height() > 0)
        tip = wait_for("a further block", lambda: more_than(node.rpc.height(), max(self.seen)))
        previous = None
        self.transfers = 0
        for height in range(1, tip):
            block = node.rpc.call("block", height=str(height))
            header = block["block"]["header"]
            if previous:
                assert header["last_block_id"]["hash"] == previous, f"height {height} does not follow"
            previous = block["block_id"]["hash"]
            self.transfers += len(block["block"]["data"]["txs"])
            if height in self.seen:
                remember(self.seen, node.rpc.call("commit", height=str(height))["signed_header"])
        return tip

    def replay(self, most):
        """The last blocks, executed again, give the app hash that there was."""
        node = self.node
        node.stop()
        height, want = last_of(node)
        for _ in range(min(most, height - 1)):
            node.run("rollback")
        node.start("--halt-height", str(height), wait=False)
        assert node.wait_exit() == 0, node.log()[-2000:]
        assert last_of(node) == (height, want), "a replay gave another app hash"
        assert "replayed block" in node.log()
        return height


def more_than(value, least):
    return value if value > least else None


def alive(node):
    assert node.process.poll() is None, \
        f"the node ended with {node.process.returncode}\n{node.log()[-3000:]}"
    return True


def last_of(node):
    """(height, app hash) that the node logged for its last block."""
    lines = [line for line in node.log().splitlines() if "app_hash=" in line and "block height=" in line]
    words = dict(word.split("=", 1) for word in lines[-1].split() if "=" in word)
    return int(words["height"]), words["app_hash"]


def add_accounts(home, count):
    """Funds the accounts of bench_transfers in the genesis; returns the number of the first."""
    path = os.path.join(home, "config", "genesis.json")
    with open(path, encoding="utf-8") as f:
        genesis = json.load(f)
    state = genesis["app_state"]
    first = len(state["auth"]["accounts"])
    out = subprocess.run([bench_transfers(), "addresses", str(count)], capture_output=True, text=True, check=True)
    for i, address in enumerate(out.stdout.split()):
        state["auth"]["accounts"].append({
            "@type": "/cosmos.auth.v1beta1.BaseAccount", "address": address, "pub_key": None,
            "account_number": str(first + i), "sequence": "0"})
        state["bank"]["balances"].append({"address": address, "coins": [{"denom": "usei", "amount": "1000000000"}]})
    for coin in state["bank"]["supply"]:
        if coin["denom"] == "usei":
            coin["amount"] = str(int(coin["amount"]) + count * 1000000000)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(genesis, f)
    return first


__all__ = ["Soak", "program"]
