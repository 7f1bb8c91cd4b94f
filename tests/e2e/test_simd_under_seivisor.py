"""A real SDK node, which knows nothing of the contract, is upgraded by seivisor: simd writes
upgrade-info.json, logs, and lives on with its consensus dead; seivisor ends it with SIGTERM, swaps
the binary and the chain goes on."""
import json
import os
import re
import signal
import subprocess

from seitest import Rpc, free_ports, peer, program, wait_for

KEYRING = ("--keyring-backend", "test")


class Simd:
    """A one-validator home of simd with short governance periods."""

    def __init__(self, folder):
        self.program, self.next_program = peer("simd"), peer("simd-v2")
        self.folder = str(folder)
        self.home = os.path.join(self.folder, "home")
        self.port, self.p2p, self.grpc, self.pprof = free_ports(4)
        self.rpc = Rpc(self.port)
        self.run("init", "peer", "--chain-id", "simd-1")
        self.run("keys", "add", "val", *KEYRING)
        self.run("genesis", "add-genesis-account", "val", "100000000000stake", *KEYRING)
        self.run("genesis", "gentx", "val", "1000000000stake", "--chain-id", "simd-1", *KEYRING)
        self.run("genesis", "collect-gentxs")
        path = os.path.join(self.home, "config", "genesis.json")
        with open(path) as f:
            genesis = json.load(f)
        genesis["app_state"]["gov"]["params"].update(
            voting_period="3s", expedited_voting_period="2s", max_deposit_period="3s",
            min_deposit=[{"denom": "stake", "amount": "1"}], expedited_min_deposit=[{"denom": "stake", "amount": "2"}])
        with open(path, "w") as f:
            json.dump(genesis, f)
        self.edit("config.toml", r"(?m)^timeout_commit = .*", 'timeout_commit = "200ms"')
        self.edit("config.toml", r"(?m)^pprof_laddr = .*", 'pprof_laddr = ""')
        self.edit("app.toml", r'(?m)^address = "localhost:9090"', f'address = "localhost:{self.grpc}"')

    def edit(self, name, pattern, replacement):
        path = os.path.join(self.home, "config", name)
        with open(path) as f:
            text, count = re.subn(pattern, replacement, f.read())
        assert count, pattern
        with open(path, "w") as f:
            f.write(text)

    def run(self, *args):
        done = subprocess.run([self.program, *args, "--home", self.home], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
        return done.stdout

    def tx(self, *args):
        out = self.run("tx", *args, "--from", "val", *KEYRING, "--chain-id", "simd-1", "--fees", "0stake", "--gas",
                       "500000", "--yes", "-o", "json", "--node", f"tcp://127.0.0.1:{self.port}")
        answer = json.loads(out)
        assert answer["code"] == 0, answer


def test_a_daemon_that_only_writes_upgrade_info_is_upgraded(tmp_path):
    simd = Simd(tmp_path)
    env = {**os.environ, "DAEMON_HOME": simd.home, "DAEMON_NAME": "simd", "SEIVISOR_CONTRACT": "no",
           "DAEMON_SHUTDOWN_GRACE": "30s"}
    for args in (["init", simd.program], ["add-upgrade", "v2", simd.next_program]):
        subprocess.run([program("seivisor"), *args], env=env, check=True, capture_output=True)
    log_path = tmp_path / "visor.log"
    with open(log_path, "wb") as log:
        visor = subprocess.Popen(
            [program("seivisor"), "run", "start", "--home", simd.home, "--rpc.laddr", f"tcp://127.0.0.1:{simd.port}",
             "--p2p.laddr", f"tcp://127.0.0.1:{simd.p2p}"], env=env, stdout=log, stderr=log)
    try:
        wait_for("simd's blocks", lambda: simd.rpc.height() >= 2, 60)
        target = simd.rpc.height() + 40
        authority = "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn"
        proposal = tmp_path / "proposal.json"
        proposal.write_text(json.dumps({
            "messages": [{"@type": "/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade", "authority": authority,
                          "plan": {"name": "v2", "height": str(target), "info": ""}}],
            "metadata": "", "deposit": "1stake", "title": "t", "summary": "s"}))
        simd.tx("gov", "submit-proposal", str(proposal))
        height = simd.rpc.height()
        wait_for("the proposal's block", lambda: simd.rpc.height() > height + 1)
        simd.tx("gov", "vote", "1", "yes")
        wait_for("blocks of the new binary", lambda: simd.rpc.height() >= target + 3, 90)
        assert os.readlink(os.path.join(simd.home, "cosmovisor", "current")).rstrip("/").endswith("upgrades/v2")
        with open(os.path.join(simd.home, "data", "upgrade-info.json")) as f:
            assert json.load(f)["name"] == "v2"
    finally:
        if visor.poll() is None:
            visor.send_signal(signal.SIGTERM)
        code = visor.wait(timeout=60)
    assert code == 0, log_path.read_text()[-3000:]
