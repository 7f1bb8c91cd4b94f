"""Graceful halts of the real node: the exit code, the file's bytes, the stderr line, /status; and
what a signal before, during or after the halt changes, which is nothing once it has halted."""
import os
import random
import signal
import subprocess

import pytest

import halts
from seitest import Node, program, wait_for


@pytest.fixture(scope="module")
def homes():
    with halts.temporary_homes() as folder:
        yield halts.Homes(folder)


@pytest.mark.parametrize("reason,form,signals", list(halts.cases()))
def test_halt(homes, reason, form, signals):
    halts.one(homes, reason, form, signals, random.Random(f"{reason} {form} {signals}"))


def test_unwritable_file_keeps_the_code(homes):
    """Step 1 fails: an error in the log, no NEEDED line, exit code 70 all the same."""
    home = homes.copy(70, "hot")
    os.mkdir(halts.info_path(home))
    run = halts.Run(home, 70, "hot", args=halts.QUICK)
    assert run.wait() == 70
    log = run.log()
    assert "cannot write upgrade-info.json" in log
    assert "\nUPGRADE " not in log
    assert "upgrade_required" in log


def test_second_process_is_refused_with_the_pid(tmp_path):
    node = Node(tmp_path / "home")
    node.start()
    done = node.run("start", "--rpc.laddr", "", check=False)
    assert done.returncode == 1
    assert f"pid {node.process.pid}" in done.stderr
    assert node.stop() == 0


def test_the_next_binary_goes_on(homes):
    """70, then the binary with the handler makes block H; then the old one is refused with 72."""
    home = homes.copy(70, "hot")
    halts.run_once(home, "seid", 70)
    halts.run_once(home, "seid-v2", 0, "--halt-height", "6")
    halts.run_once(home, "seid", 72)
    halts.run_once(home, "seid", 72)


@pytest.mark.parametrize("how", [("--unsafe-skip-upgrades", "4"), ("--unsafe-skip-upgrades=4,9",),
                                 ("--unsafe-skip-upgrades", "9", "--unsafe-skip-upgrades", "4")])
def test_skip_heights(homes, how):
    home = homes.copy(70, "hot")
    done = subprocess.run([program("seid"), "start", "--home", home, "--rpc.laddr", "", *halts.QUICK,
                           "--halt-height", "6", *how],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'UPGRADE \\"v2\\" SKIPPED at 4' in done.stderr or 'UPGRADE "v2" SKIPPED at 4' in done.stderr


def test_halt_height_and_time(tmp_path):
    """Ordinary stops: exit 0 after the block, no sign of an upgrade; the next start makes no block."""
    node = Node(tmp_path / "home", block_time="10ms")
    for _ in range(2):
        node.start("--halt-height", "5", wait=False)
        assert node.wait_exit() == 0
    assert node.log().count("height=5") >= 1 and "height=6 " not in node.log()
    node.start("--halt-time", "1", wait=False)
    assert node.wait_exit() == 0
    assert node.upgrade_info() is None


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_ordinary_stop(tmp_path, sig):
    node = Node(tmp_path / "home", block_time="10ms")
    node.start()
    assert node.stop(sig) == 0
    node.start()
    node.process.send_signal(signal.SIGHUP)
    node.wait_height(3)
    assert node.stop(sig) == 0


def test_tampered_validator_state_is_refused(tmp_path):
    node = Node(tmp_path / "home", block_time="10ms")
    node.start()
    node.wait_height(3)
    assert node.stop() == 0
    path = os.path.join(node.home, "data", "priv_validator_state.json")
    with open(path, "w", encoding="utf-8"):
        pass
    node.start(wait=False)
    assert node.wait_exit() == 1
    assert "cannot be trusted" in node.log()
    assert os.path.getsize(path) == 0


@pytest.fixture(name="small_disk")
def small_disk_fixture(tmp_path):
    """A folder on a file system of 3 MB; the function makes it larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system is not allowed here")
    yield folder, lambda: subprocess.run(["mount", "-o", "remount,size=30m", str(folder)], check=True)
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_full_disk(tmp_path, small_disk):
    """Exit 1 with the reason, the last block intact; with room again it goes on."""
    folder, enlarge = small_disk
    node = Node(folder / "home", block_time="0s")
    node.log_path = str(tmp_path / "node.log")
    node.start(wait=False)
    assert node.wait_exit(120) == 1, node.log()[-2000:]
    assert "No space left on device" in node.log()
    enlarge()
    node.start()
    before = wait_for("a height", node.rpc.height)
    node.wait_height(before + 3)
    assert node.stop() == 0


def test_full_database(tmp_path):
    """The bound of the database file: as a full disk."""
    node = Node(tmp_path / "home", block_time="0s")
    node.start("--store.map-size", str(1 << 20), wait=False)
    assert node.wait_exit(120) == 1, node.log()[-2000:]
    assert "consensus failure" in node.log()
    node.start("--store.map-size", str(64 << 20))
    before = wait_for("a height", node.rpc.height)
    node.wait_height(before + 3)
    assert node.stop() == 0
