"""Chains, read over their RPC, verified from the first block to the tip by CometBFT's own packages
(tests/peers/lightverify): ours through an upgrade, and a real CometBFT's, so that the verifier itself is
known to be right. Then every byte of every answer is flipped in turn, and must be refused."""
import base64
import json
import os
import re
import signal
import subprocess

from seitest import Node, Rpc, RpcError, free_ports, peer, wait_for

# What must have held at least once; a chain without transactions would prove little.
NEEDED = ("header hash", "part set hash", "evidence hash", "commit signatures", "validators hash",
          "next validators hash", "last commit hash", "data hash", "last results hash", "consensus hash",
          "app hash", "transaction proof", "result of /tx", "light client, adjacent", "light client, skipping")


def light(port, *args):
    return subprocess.run([peer("lightverify"), *args, f"http://127.0.0.1:{port}"],
                          capture_output=True, text=True, timeout=120, check=False)


def check_chain(port):
    """Everything holds; returns the last height that was looked at."""
    done = light(port)
    assert done.returncode == 0, done.stdout + done.stderr
    held = {name: int(count) for count, name in re.findall(r"(?m)^ *(\d+) (.*)$", done.stdout)}
    assert [name for name in NEEDED if held.get(name, 0) < 1] == [], done.stdout
    return int(re.search(r"heights 1 to (\d+) of", done.stdout).group(1))


def check_flips(port):
    done = light(port, "--flip", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    refused = dict(re.findall(r"(?m)^flip (\w+) +(\d+) bytes, all refused", done.stdout))
    assert {"signature", "app_hash", "tx", "tx_proof", "validator_key", "results_app_hash"} <= refused.keys(), done.stdout
    assert int(refused["signature"]) == 64
    # And each alone ends with 1 and says what was wrong.
    for flip in ("signature:5", "app_hash:0", "tx:1"):
        one = light(port, "--flip", flip)
        assert one.returncode == 1 and "refused: height" in one.stderr, one.stdout + one.stderr


def schedule_upgrade(home, name, height):
    """A plan in the genesis, as an exported one has."""
    path = os.path.join(home, "config", "genesis.json")
    with open(path, encoding="utf-8") as f:
        genesis = json.load(f)
    genesis["app_state"]["upgrade"] = {"plan": {"name": name, "height": str(height), "info": ""}}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(genesis, f)


def send(node, sequence):
    """A transfer without asking the node anything; waits until it is in a block."""
    done = node.run("tx", "bank", "send", "validator", "user1", "5usei", "--fees", "2000usei", "--yes", "-o", "json",
                    "--keyring-backend", "test", "--chain-id", node.chain_id, "--account-number", "0",
                    "--sequence", str(sequence), node=True)
    answer = json.loads(done.stdout)
    assert answer["code"] == 0, answer
    tx_hash = base64.b64encode(bytes.fromhex(answer["txhash"])).decode()

    def found():
        try:
            return node.rpc.call("tx", hash=tx_hash)
        except RpcError:
            return None
    return int(wait_for("the transaction", found)["height"])


def test_our_chain_through_an_upgrade(tmp_path):
    peer("lightverify")
    node = Node(tmp_path / "home", block_time="150ms")
    schedule_upgrade(node.home, "v2", 12)
    process = node.start()
    before = send(node, 0)
    assert node.wait_exit() == 70
    assert before < 12
    process = node.start(binary="seid-v2", wait=False)
    node.wait_height(13)
    after = send(node, 1)
    node.wait_height(after + 2)
    assert process.poll() is None and check_chain(node.port) > after >= 12
    check_flips(node.port)
    assert node.stop() == 0


def test_the_verifier_on_a_real_chain(tmp_path):
    program, home = peer("cometbft"), str(tmp_path / "home")
    subprocess.run([program, "init", "--home", home], check=True, capture_output=True)
    config = os.path.join(home, "config", "config.toml")
    with open(config, encoding="utf-8") as f:
        text = f.read()
    with open(config, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^timeout_commit = .*", 'timeout_commit = "100ms"', text))
    port, p2p = free_ports(2)
    rpc = Rpc(port)
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [program, "start", "--home", home, "--proxy_app", "kvstore", "--rpc.laddr", f"tcp://127.0.0.1:{port}",
             "--p2p.laddr", f"tcp://127.0.0.1:{p2p}"], stdout=log, stderr=log)
    try:
        wait_for("CometBFT's blocks", lambda: rpc.height() >= 2)
        for tx in (b"a=1", b"b=2"):
            rpc.call("broadcast_tx_sync", tx=base64.b64encode(tx).decode())
        answer = rpc.call("broadcast_tx_commit", tx=base64.b64encode(b"c=3").decode())
        wait_for("a block after it", lambda: rpc.height() > int(answer["height"]) + 1)
        check_chain(port)
        check_flips(port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
