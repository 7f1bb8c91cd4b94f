"""cosmjs, unmodified, as `make peers` installed it, does a user's work against seid."""
import json
import os
import shutil
import subprocess

import pytest

from seitest import PEERS, TOP, Node

MNEMONIC = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"


def test_cosmjs_notices_nothing(tmp_path):
    modules = os.path.join(PEERS, "cosmjs", "node_modules")
    if not os.path.isdir(modules) or not shutil.which("node"):
        pytest.skip("cosmjs is not installed: run make peers")
    # A module is looked for beside the script that imports it.
    os.symlink(modules, tmp_path / "node_modules")
    script = shutil.copy(os.path.join(TOP, "tests", "peers", "cosmjs", "client.mjs"), tmp_path)
    node = Node(tmp_path / "home", voting_period="600s")
    node.start()
    done = subprocess.run([*node.command("keys", "add", "alice", "--recover", "--keyring-backend", "test")],
                          input=MNEMONIC + "\n", text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    address = node.run("keys", "show", "alice", "-a", "--keyring-backend", "test").stdout.strip()
    node.tx("bank", "send", "validator", address, "100000000usei")
    done = subprocess.run(["node", script, f"http://127.0.0.1:{node.port}", MNEMONIC], text=True,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["address"] == address
    assert report["chainId"] == node.chain_id
    assert len(report["steps"]) == 27, report["steps"]
    assert node.stop() == 0
