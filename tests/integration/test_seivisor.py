"""seivisor over daemons made of shell scripts: what it does at each kind of end."""
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from visor import wait_for


# ---- ends ---------------------------------------------------------------------------------------

def test_exit_0_ends_with_0(visor):
    v = visor()
    v.genesis("exit 0")
    assert v.run("start", "--home", "x") == 0
    assert v.trace() == ["genesis start --home x"]
    assert v.rows() == ["start", "stopped"]


def test_70_swaps_and_starts_with_the_same_arguments(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run("start", "--a", "b c") == 0
    assert v.trace() == ["genesis start --a b c", "v2 pre-upgrade", "v2 start --a b c"]
    assert v.current() == "upgrades/v2"
    assert 'halt: upgrade_required "v2" at height 120: swapping genesis -> v2' in v.logged()
    assert v.rows()[-2:] == ["upgrade", "stopped"]
    assert v.memory()["swaps"] == 1
    entry = next(e for e in v.history() if e.get("row") == "upgrade")
    assert entry["evidence"]["exit"] == {"class": "contract", "detail": 70}
    assert entry["evidence"]["upgrade_info"] == {"name": "v2", "height": 120}


def test_70_of_an_unknown_daemon_is_corroborated_by_the_file(visor):
    v = visor(SEIVISOR_CONTRACT="auto")
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/v2"


def test_several_upgrades_in_one_run(visor):
    v = visor()
    v.genesis("plan v2 10; exit 70")
    v.upgrade("v2", "plan v3 20; exit 70")
    v.upgrade("v3", "plan v4 30; exit 70")
    v.upgrade("v4", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/v4"
    assert [line for line in v.trace() if "start" in line] == \
        ["genesis start", "v2 start", "v3 start", "v4 start"]


def test_70_without_a_binary_holds_with_the_daemons_code_and_goes_on_once_it_is_staged(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    assert v.run() == 70
    assert v.memory()["hold"]["state"] == "BinaryMissing"
    assert v.run() == 70, "still held, and not started again"
    assert v.trace() == ["genesis start"]
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.trace() == ["genesis start", "v2 pre-upgrade", "v2 start"]
    assert not v.memory()["hold"]["active"]


def test_a_waiting_hold_sees_the_staged_binary_by_itself(visor):
    v = visor(SEIVISOR_HOLD="wait")
    v.genesis("plan v2 120; exit 70")
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["hold"]["active"])
    assert v.status()["hold"]["state"] == "BinaryMissing"
    assert v.metrics()["seivisor_held"] == 1
    v.upgrade("v2", "forever")
    v.until_trace("v2 start")
    assert v.status()["hold"] is None
    assert v.stop() == 143


def test_70_again_from_the_mapped_target(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "plan v2 120; exit 70")
    assert v.run() == 70
    assert v.memory()["hold"]["state"] == "MappedTargetHalted"
    assert v.trace() == ["genesis start", "v2 pre-upgrade", "v2 start"]
    assert v.run() == 70
    assert len(v.trace()) == 3
    # A person puts another binary there.
    v.upgrade("v2", "exit 0", "exit 1", "--force")
    assert v.run() == 0
    assert v.trace()[3:] == ["v2 start"]


def test_70_without_a_plan_is_not_guessed(visor):
    v = visor()
    v.genesis("exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 70
    assert v.rows()[-1] == "plan-unknown"
    assert v.current() == "genesis"


def test_a_stale_file_is_no_evidence(visor):
    v = visor()
    v.genesis("exit 70")
    v.upgrade("v2", "exit 0")
    with open(v.path("data", "upgrade-info.json"), "w", encoding="utf-8") as file:
        file.write('{"name":"v2","height":120}')
    assert v.run() == 70
    assert v.rows()[-1] == "plan-unknown"


def test_71_goes_back_to_what_ran_well(visor):
    v = visor()
    v.genesis("forever")
    v.upgrade("v2", "exit 71")
    v.start()
    wait_for(lambda: v.trace())
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["good"])
    assert v.stop() == 143
    v.point("upgrades/v2")
    v.start()
    v.until_trace("genesis start", 2)
    assert v.current() == "genesis"
    assert v.trace() == ["genesis start", "v2 start", "genesis start"]
    assert "halt: binary_too_new: rolling back v2 -> genesis" in v.logged()
    wait_for(lambda: v.pages())
    assert v.pages()[0]["class"] == "binary_too_new"
    assert v.stop() == 143
    # Nothing advances by itself, and its own time comes.
    assert v.memory()["rollbacks"] == 1


def test_71_then_70_for_the_same_plan_advances(visor):
    v = visor()
    v.genesis('if [ -e "$DAEMON_HOME/now" ]; then plan v2 9; exit 70; fi; forever')
    v.upgrade("v2", 'if [ -e "$DAEMON_HOME/now" ]; then exit 0; fi; exit 71')
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["good"])
    v.stop()
    v.point("upgrades/v2")
    v.start()
    v.until_trace("genesis start", 2)
    v.stop()
    with open(v.path("now"), "w", encoding="utf-8"):
        pass
    assert v.run() == 0
    assert v.current() == "upgrades/v2"


def test_71_with_nothing_recorded(visor):
    v = visor()
    v.genesis("exit 71")
    assert v.run() == 71
    assert v.memory()["hold"]["state"] == "NoRollbackTarget"
    assert v.run() == 71
    assert v.trace() == ["genesis start"]


def test_71_does_not_go_back_to_a_file_that_was_replaced(visor):
    v = visor()
    v.genesis("forever")
    v.upgrade("v2", "exit 71")
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["good"])
    v.stop()
    v.point("upgrades/v2")
    with open(v.path("cosmovisor", "genesis", "bin", "noded"), "a", encoding="utf-8") as file:
        file.write("# another\n")
    assert v.run() == 71
    assert v.memory()["hold"]["state"] == "NoRollbackTarget"


def test_72_is_never_started_again_without_a_person(visor):
    v = visor()
    v.genesis('[ -e "$DAEMON_HOME/mended" ] && exit 0; exit 72')
    assert v.run() == 72
    assert v.memory()["hold"]["state"] == "HumanRequired"
    assert v.pages()[0]["severity"] == "critical"
    for _ in range(3):
        assert v.run() == 72
    assert v.trace() == ["genesis start"]
    with open(v.path("mended"), "w", encoding="utf-8"):
        pass
    v.ok("resume")
    assert v.run() == 0
    assert v.trace() == ["genesis start"] * 2
    assert not v.memory()["hold"]["active"]


def test_resume_names_the_halt(visor):
    v = visor()
    v.genesis("exit 72")
    assert v.command("resume").returncode == 1, "nothing is held"
    v.run()
    assert v.command("resume", "--key", "another").returncode == 1
    v.ok("resume", "--key", v.memory()["hold"]["key"])
    assert v.run() == 72, "the same halt again holds again"
    assert v.trace() == ["genesis start"] * 2


def test_resume_of_a_waiting_hold(visor):
    v = visor(SEIVISOR_HOLD="wait")
    v.genesis('[ -e "$DAEMON_HOME/mended" ] && forever; exit 72')
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["hold"]["active"])
    time.sleep(1.2)  # it is looked at again, and nothing happens
    assert v.trace() == ["genesis start"]
    with open(v.path("mended"), "w", encoding="utf-8"):
        pass
    v.ok("resume")
    v.until_trace("genesis start", 2)
    assert v.status()["state"] == "Running"
    assert v.rows().count("human-required") == 1


def test_a_person_who_changes_current_releases_a_hold(visor):
    v = visor(SEIVISOR_HOLD="wait")
    v.genesis("exit 72")
    v.upgrade("v2", "forever")
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["hold"]["active"])
    v.point("upgrades/v2")
    v.until_trace("v2 start")
    assert v.status()["hold"] is None
    # The page is closed once the node is known to be well.
    wait_for(lambda: not v.pages())


@pytest.mark.parametrize("code", [73, 79, 80, 89])
def test_a_reserved_code_holds(visor, code):
    v = visor()
    v.genesis(f"exit {code}")
    assert v.run() == code
    assert v.memory()["hold"]["state"] == "UnknownHaltReason"


@pytest.mark.parametrize("code", [71, 72, 73])
def test_a_contract_code_of_an_unknown_daemon_is_a_crash(visor, code):
    v = visor(SEIVISOR_CONTRACT="auto", SEIVISOR_RESTART_BUDGET="1")
    v.genesis(f"exit {code}")
    assert v.run() == code
    assert v.trace() == ["genesis start"] * 2
    assert v.rows()[1:] == ["crash-uncorroborated", "crash-loop"]


def test_crashes_are_restarted_within_the_budget(visor):
    v = visor(SEIVISOR_RESTART_BUDGET="3", SEIVISOR_BACKOFF="40ms")
    v.genesis("exit 3")
    begun = time.monotonic()
    assert v.run() == 3
    assert time.monotonic() - begun > 0.04 + 0.08 + 0.16
    assert v.trace() == ["genesis start"] * 4
    assert v.memory()["hold"]["state"] == "CrashLoop"
    assert v.run() == 3, "over the budget stays over it"
    assert len(v.trace()) == 4
    v.ok("resume")
    assert v.run() == 3
    assert len(v.trace()) > 4


def test_a_long_run_ends_a_row_of_crashes(visor):
    v = visor(SEIVISOR_RESTART_BUDGET="1", SEIVISOR_RESTART_WINDOW="150ms")
    v.genesis('sleep 0.2; [ "$(wc -l < "$DAEMON_HOME/trace")" -ge 4 ] && exit 0; exit 3')
    assert v.run() == 0
    assert len(v.trace()) == 4


def test_a_signal_is_a_crash(visor):
    v = visor(SEIVISOR_RESTART_BUDGET="0")
    v.genesis("kill -9 $$")
    assert v.run() == 128 + 9
    assert v.memory()["last_exit_code"] == 137


def test_one_shot_commands_of_the_daemon_are_not_restarted(visor):
    v = visor()
    v.genesis('[ "$1" = keys ] && exit 5; exit 0')
    assert v.run("keys", "list") == 5
    assert v.trace() == ["genesis keys list"]
    v.ok("resume")


def test_a_stop_of_a_waiting_hold_ends_with_the_daemons_code(visor):
    v = visor(SEIVISOR_HOLD="wait")
    v.genesis("exit 72")
    v.start()
    v.until_up()
    wait_for(lambda: v.status()["hold"])
    assert v.stop() == 72
    v = visor(SEIVISOR_BACKOFF="1h")
    v.genesis("exit 5")
    v.start()
    v.until_log("starting genesis again in")
    assert v.stop() == 5


def test_resume_closes_the_page_of_a_rollback(visor):
    v = visor()
    v.genesis("forever")
    v.upgrade("v2", "exit 71")
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["good"])
    v.stop()
    v.point("upgrades/v2")
    v.start()
    v.until_trace("genesis start", 2)
    wait_for(lambda: v.status()["pages"])
    time.sleep(0.5)
    assert v.status()["pages"], "running again is no reason to close it"
    assert v.status()["state"] == "RolledBack"
    v.ok("resume")
    assert not v.status()["pages"]
    v.stop()


def test_a_full_disk_holds_and_is_gone_on_from(visor, tmp_path):
    small = tmp_path / "small"
    os.makedirs(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], check=False,
                      capture_output=True).returncode:
        pytest.skip("no permission to mount a small file system")
    try:
        v = visor()
        os.rmdir(v.path("data"))
        os.rmdir(v.home)
        os.makedirs(small / "home" / "data")
        os.symlink(small / "home", v.home)
        fill = f'cat /dev/zero > "{v.home}/filler" 2>/dev/null; sync'
        v.genesis(f'[ -e "{v.home}/freed" ] || {{ plan v2 9; {fill}; }}; '
                  f'[ -e "{v.home}/freed" ] && plan v2 9; exit 70')
        v.upgrade("v2", "exit 0")
        assert v.run() == 70
        assert v.current() == "genesis"
        assert "No space left on device" in v.logged()
        os.unlink(v.path("filler"))
        with open(v.path("freed"), "w", encoding="utf-8"):
            pass
        v.command("resume")
        assert v.run() == 0
        assert v.current() == "upgrades/v2"
    finally:
        v.close()
        subprocess.run(["umount", "-l", small], check=True)


# ---- a daemon that only writes the file ---------------------------------------------------------

@pytest.mark.parametrize("writer", ["plan", "plan_slowly"])
@pytest.mark.parametrize("contract", ["auto", "no"])
def test_a_daemon_that_lives_on_after_the_file_is_upgraded(visor, writer, contract):
    v = visor(SEIVISOR_CONTRACT=contract)
    v.genesis(f"trap 'note ended; exit 0' TERM; {writer} v2 120; forever")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.trace() == ["genesis start", "ended", "v2 pre-upgrade", "v2 start"]


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_daemon_that_ends_after_the_file_is_upgraded(visor, code):
    v = visor(SEIVISOR_CONTRACT="no")
    v.genesis(f"plan v2 120; exit {code}")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/v2"


def test_the_file_of_a_daemon_that_speaks_is_waited_on(visor):
    v = visor(SEIVISOR_HALT_GRACE="30s")
    v.genesis("plan v2 120; sleep 0.5; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert "signal to the daemon" not in v.logged()


def test_a_height_that_is_skipped_is_no_upgrade(visor):
    for form in (["--unsafe-skip-upgrades", "120"], ["--unsafe-skip-upgrades=7,120"],
                 ["--unsafe-skip-upgrades", "7", "120"]):
        v = visor(SEIVISOR_CONTRACT="no")
        v.genesis("plan v2 120; sleep 0.6; exit 0")
        v.upgrade("v2", "exit 0")
        assert v.run("start", *form) == 0
        assert v.current() == "genesis", form


@pytest.mark.parametrize("content", ["", "{", "null", "[]", '{"name":"v2"}', '{"height":1}',
                                     '{"name":"","height":1}', '{"name":"v2","height":"1"}',
                                     '{"name":"v2","height":0}', '{"name":"v2","height":-1}',
                                     '{"name":"v2","height":1e3}', '{"name":3,"height":1}',
                                     '{"name":"v2","height":99999999999999999999}',
                                     '{"name":"v2","name":"v3","height":1}', "\\377\\376",
                                     '{"name":"v2","height":1} x'])
def test_a_malformed_file_is_a_log_line(visor, content):
    v = visor(SEIVISOR_CONTRACT="no")
    v.genesis(f"printf '%b' '{content}' > \"$DAEMON_HOME/data/upgrade-info.json\"; "
              "sleep 0.5; exit 0")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.current() == "genesis"
    assert v.logged().count("is malformed") == 1, v.logged()


def test_a_malformed_file_that_is_mended_counts(visor):
    v = visor(SEIVISOR_CONTRACT="no")
    v.genesis("printf '{' > \"$DAEMON_HOME/data/upgrade-info.json\"; sleep 0.4; plan v2 5; forever")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/v2"


def test_a_data_folder_that_comes_later(visor):
    v = visor(SEIVISOR_CONTRACT="no")
    os.rmdir(v.path("data"))
    v.genesis('sleep 0.2; mkdir "$DAEMON_HOME/data"; sleep 0.2; plan v2 5; forever')
    v.upgrade("v2", "exit 0")
    assert v.run() == 0


def test_a_data_folder_that_is_a_link(visor, tmp_path):
    v = visor(SEIVISOR_CONTRACT="no", UNSAFE_SKIP_BACKUP="false")
    os.rmdir(v.path("data"))
    os.mkdir(tmp_path / "disk")
    os.symlink(tmp_path / "disk", v.path("data"))
    v.genesis("plan v2 5; forever")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert os.path.exists(v.path("data-backup-v2-5", "upgrade-info.json"))


# ---- signals and groups -------------------------------------------------------------------------

@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_signals_are_forwarded_once_and_the_code_is_the_daemons(visor, signo):
    v = visor()
    name = signo.name[3:]
    v.genesis(f"trap 'note got; exit 7' {name}; note up; forever")
    v.start()
    v.until_trace("up")
    assert v.stop(signo) == 7
    assert v.trace().count("got") == 1
    assert v.rows()[-1] == "crash", v.rows()
    assert v.memory()["crashes"] == 0, "a stop that was asked for is no crash"


@pytest.mark.parametrize("signo", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_other_signals_are_passed_on(visor, signo):
    v = visor()
    v.genesis(f"trap 'note got' {signo.name[3:]}; trap 'exit 0' TERM; note up; forever")
    v.start()
    v.until_trace("up")
    for count in (1, 2):
        v.kill(signo)
        v.until_trace("got", count)
    assert v.stop() == 0


def test_a_halt_under_a_stop_keeps_its_code_and_is_acted_on_by_the_next_run(visor):
    v = visor()
    v.genesis("trap 'plan v2 9; exit 70' TERM; note up; forever")
    v.upgrade("v2", "exit 0")
    v.start()
    v.until_trace("up")
    assert v.stop() == 70
    assert v.current() == "genesis"
    assert v.run() == 0
    assert v.trace() == ["genesis start", "up", "v2 pre-upgrade", "v2 start"]


def test_no_sigkill_inside_the_grace_and_one_after_it(visor):
    v = visor(DAEMON_SHUTDOWN_GRACE="1s")
    v.genesis("trap 'note ignored' TERM; note up; forever")
    v.start()
    v.until_trace("up")
    begun = time.monotonic()
    assert v.stop() == 137
    assert 1.0 <= time.monotonic() - begun < 5
    assert "SIGKILL" in v.logged()


def test_what_a_daemon_leaves_behind_is_ended_before_the_swap(visor):
    v = visor()
    v.genesis("(trap 'sleep 0.3; note left; exit 0' TERM; forever) & sleep 0.1; plan v2 9; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.trace() == ["genesis start", "left", "v2 pre-upgrade", "v2 start"]


def test_orphans_are_reaped(visor):
    v = visor()
    v.genesis("(setsid sh -c 'sleep 0.1; exit 3' &) ; note up; forever")
    v.start()
    v.until_trace("up")
    wait_for(lambda: v.metrics()["seivisor_orphans_reaped_total"] >= 1)
    v.stop()


def test_ctrl_c_on_a_terminal_reaches_the_daemon_once(visor):
    v = visor()
    v.genesis("trap 'note got' INT; trap 'exit 0' TERM; note up; forever")
    code = ("import os,pty,sys\n"
            "pid, fd = pty.fork()\n"
            "if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])\n"
            "import time\n"
            "while not os.path.exists(os.environ['DAEMON_HOME'] + '/trace') or 'up' not in "
            "open(os.environ['DAEMON_HOME'] + '/trace').read(): time.sleep(.02)\n"
            "os.write(fd, b'\\x03'); time.sleep(.5); os.kill(pid, 15)\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n")
    done = subprocess.run([sys.executable, "-c", code, v.program, "run", "start"], env=v.env,
                          capture_output=True, text=True, timeout=20, check=False)
    assert v.trace().count("got") == 1
    assert done.stdout.strip() == "0", done


def test_it_serves_as_pid_1(visor):
    v = visor()
    v.genesis("(sleep 0.1 &); note up; forever")
    if subprocess.run(["unshare", "-pf", "--mount-proc", "true"], check=False,
                      capture_output=True).returncode:
        pytest.skip("no permission for a PID namespace")
    # pylint: disable=consider-using-with
    process = subprocess.Popen(["unshare", "-pf", "--kill-child", "--mount-proc", v.program, "run",
                                "start"], env=v.env, stderr=subprocess.PIPE, text=True)
    v.process = process
    v.until_trace("up")
    wait_for(lambda: v.metrics()["seivisor_orphans_reaped_total"] >= 1)
    assert v.status()["supervisor_pid"] == 1
    init = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True,
                          check=True).stdout.split()[0]
    os.kill(int(init), signal.SIGTERM)
    assert process.wait(10) == 143
    process.stderr.close()


# ---- one supervisor a home ----------------------------------------------------------------------

def test_a_second_supervisor_is_refused_with_the_pid(visor):
    v = visor()
    v.genesis("note up; forever")
    v.start()
    v.until_trace("up")
    done = v.command("run", "start")
    assert done.returncode == 1
    assert f"another seivisor runs on {v.home} (pid {v.process.pid})" in done.stderr
    assert v.trace() == ["genesis start", "up"]


def test_a_daemon_that_outlives_its_supervisor_is_waited_for(visor):
    v = visor()
    v.genesis("trap 'sleep 0.7; note late; exit 0' TERM; note up; forever")
    v.start()
    v.until_trace("up")
    v.process.kill()
    v.process.wait()
    v.start()
    v.until_trace("up", 2)
    assert v.trace() == ["genesis start", "up", "late", "genesis start", "up"]
    v.stop()


def test_a_damaged_memory_is_not_guessed_at(visor):
    v = visor()
    v.genesis("exit 72")
    v.run()
    with open(v.state("memory.json"), "r+", encoding="utf-8") as file:
        file.write("x")
    assert v.run() == 1
    assert "memory.json cannot be used" in v.logged()
    assert v.trace() == ["genesis start"]


# ---- steps of a swap ----------------------------------------------------------------------------

def test_backup_by_plan_and_height(visor):
    v = visor(UNSAFE_SKIP_BACKUP="false")
    os.makedirs(v.path("data", "deep", "er"))
    with open(v.path("data", "deep", "er", "file"), "wb") as file:
        file.truncate(1 << 30)  # a hole
        file.seek(1 << 20)
        file.write(b"content")
    os.symlink("deep", v.path("data", "link"))
    os.chmod(v.path("data", "deep"), 0o750)
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    backup = v.path("data-backup-v2-120")
    with open(os.path.join(backup, "deep", "er", "file"), "rb") as file:
        file.seek(1 << 20)
        assert file.read(7) == b"content"
    stat = os.stat(os.path.join(backup, "deep", "er", "file"))
    assert stat.st_size == 1 << 30 and stat.st_blocks * 512 < 1 << 22
    assert os.readlink(os.path.join(backup, "link")) == "deep"
    assert os.stat(os.path.join(backup, "deep")).st_mode & 0o777 == 0o750
    assert not os.path.exists(backup + ".partial")


def test_backup_elsewhere_and_a_name_that_is_taken(visor, tmp_path):
    os.makedirs(tmp_path / "backups" / "data-backup-v2-120")
    v = visor(UNSAFE_SKIP_BACKUP="false", DAEMON_DATA_BACKUP_DIR=str(tmp_path / "backups"))
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert os.listdir(tmp_path / "backups" / "data-backup-v2-120") == []
    assert os.listdir(tmp_path / "backups" / "data-backup-v2-120-2") == ["upgrade-info.json"]


def test_a_backup_that_fails_holds_and_is_resumed(visor, tmp_path):
    v = visor(UNSAFE_SKIP_BACKUP="false", DAEMON_DATA_BACKUP_DIR=str(tmp_path / "missing"))
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 70
    assert v.memory()["hold"]["state"] == "BackupFailed"
    assert v.current() == "genesis"
    assert v.run() == 70
    assert v.trace() == ["genesis start"]
    os.makedirs(tmp_path / "missing")
    assert v.run() == 70, "only a person releases it"
    v.ok("resume")
    assert v.run() == 0
    assert v.trace() == ["genesis start", "v2 pre-upgrade", "v2 start"]


def test_no_space_for_a_backup_is_seen_before_a_byte_is_copied(visor, tmp_path):
    small = tmp_path / "small"
    os.makedirs(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=False,
                      capture_output=True).returncode:
        pytest.skip("no permission to mount a small file system")
    try:
        v = visor(UNSAFE_SKIP_BACKUP="false", DAEMON_DATA_BACKUP_DIR=str(small))
        with open(v.path("data", "big"), "wb") as file:
            file.write(os.urandom(4 << 20))
        v.genesis("plan v2 120; exit 70")
        v.upgrade("v2", "exit 0")
        assert v.run() == 70
        assert "not enough space for a backup" in v.logged()
        assert os.listdir(small) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("code,state", [(0, None), (1, None), (30, "PreUpgradeFailed"),
                                        (31, "PreUpgradeFailed"), (2, "PreUpgradeFailed"),
                                        (127, "PreUpgradeFailed")])
def test_pre_upgrade_codes(visor, code, state):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0", f"exit {code}")
    if state is None:
        assert v.run() == 0
        return
    assert v.run() == 70
    assert v.memory()["hold"]["state"] == state
    assert v.current() == "genesis", "nothing was swapped"


def test_pre_upgrade_is_retried_on_31(visor):
    v = visor(DAEMON_PREUPGRADE_MAX_RETRIES="3")
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0", '[ "$(grep -c pre-upgrade "$DAEMON_HOME/trace")" -ge 3 ] && exit 0; '
                              "exit 31")
    assert v.run() == 0
    assert v.trace().count("v2 pre-upgrade") == 3


def test_custom_pre_upgrade_script(visor):
    v = visor(COSMOVISOR_CUSTOM_PREUPGRADE="before.sh")
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    with open(v.path("cosmovisor", "before.sh"), "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\necho "script $* $PWD" >> "$DAEMON_HOME/trace"\n')
    assert v.run() == 0
    assert v.trace() == ["genesis start", f"script v2 120 {v.home}", "v2 pre-upgrade", "v2 start"]


def test_custom_pre_upgrade_script_that_fails_or_is_missing(visor):
    for body in ("#!/bin/sh\nexit 4\n", None):
        v = visor(COSMOVISOR_CUSTOM_PREUPGRADE="before.sh")
        v.genesis("plan v2 120; exit 70")
        v.upgrade("v2", "exit 0")
        if body:
            with open(v.path("cosmovisor", "before.sh"), "w", encoding="utf-8") as file:
                file.write(body)
        assert v.run() == 70
        assert v.memory()["hold"]["state"] == "PreUpgradeFailed"


def test_restart_after_upgrade_false_ends_with_0_after_the_swap(visor):
    v = visor(DAEMON_RESTART_AFTER_UPGRADE="false")
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/v2"
    assert v.trace() == ["genesis start", "v2 pre-upgrade"]
    assert v.run() == 0
    assert v.trace()[2:] == ["v2 start"]


def test_restart_delay_comes_before_the_backup(visor):
    v = visor(DAEMON_RESTART_DELAY="400ms")
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    begun = time.monotonic()
    assert v.run() == 0
    assert time.monotonic() - begun > 0.4


def test_a_new_binary_that_cannot_run_holds(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "exit 0")
    with open(v.path("cosmovisor", "upgrades", "v2", "bin", "noded"), "wb") as file:
        file.write(b"\x7fELF nothing")
    assert v.run() == 70
    assert v.memory()["hold"]["state"] == "PreUpgradeFailed"
    assert v.current() == "genesis"


def test_the_swap_is_confirmed_once_the_new_binary_ran(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "forever")
    v.start()
    v.until_trace("v2 start")
    wait_for(lambda: v.status()["swap"] is None)
    assert "confirmed" in [entry["event"] for entry in v.history()]
    assert v.memory()["good"][0]["target"] == "upgrades/v2"
    v.stop()


# ---- commands -----------------------------------------------------------------------------------

def test_init_is_repeatable_and_keeps_what_is_there(visor):
    v = visor()
    v.genesis("exit 0")
    with open(v.path("cosmovisor", "genesis", "bin", "noded"), encoding="utf-8") as file:
        before = file.read()
    assert "stays" in v.ok("init", v.script("other", "exit 1"))
    with open(v.path("cosmovisor", "genesis", "bin", "noded"), encoding="utf-8") as file:
        assert file.read() == before
    assert v.current() == "genesis"
    assert v.command("init", "/nonexistent").returncode == 1
    assert v.command("init").returncode == 2


def test_add_upgrade(visor):
    v = visor()
    v.genesis("exit 0")
    v.upgrade("V1.0-Rc_1", "exit 0")
    assert os.path.exists(v.path("cosmovisor", "upgrades", "v1.0-rc_1", "bin", "noded"))
    assert v.command("add-upgrade", "v1.0-rc_1", v.script("x", "exit 0")).returncode == 1
    v.upgrade("v1.0-rc_1", "exit 9", "exit 1", "--force")
    v.ok("add-upgrade", "a b/c", v.script("x", "exit 0"))
    assert os.path.exists(v.path("cosmovisor", "upgrades", "a%20b%2Fc", "bin", "noded"))
    for name in ("", ".", "..", "x" * 300):
        assert v.command("add-upgrade", name, v.script("x", "exit 0")).returncode in (1, 2), name
    assert v.command("add-upgrade", "v9", "/nonexistent").returncode == 1
    v.ok("add-upgrade", "CamelCase", v.script("x", "exit 0"), COSMOVISOR_DISABLE_RECASE="true")
    assert os.path.exists(v.path("cosmovisor", "upgrades", "CamelCase"))


def test_add_upgrade_with_a_height_writes_the_plan(visor):
    v = visor()
    v.genesis("exit 0")
    assert "No upgrade info found" in v.ok("show-upgrade-info")
    v.upgrade("v2", "exit 0", "exit 1", "--upgrade-height", "500")
    assert json.loads(v.ok("show-upgrade-info")) == {"name": "v2", "height": 500}
    done = v.command("add-upgrade", "v3", v.script("x", "exit 0"), "--upgrade-height", "600")
    assert done.returncode == 1 and "--force" in done.stderr
    for height in ("0", "-1", "x"):
        done = v.command("add-upgrade", "v4", v.script("x", "exit 0"), "--upgrade-height", height)
        assert done.returncode in (1, 2), height


def test_a_plan_that_a_person_scheduled_is_not_taken_for_reached(visor):
    v = visor(SEIVISOR_CONTRACT="no", SEIVISOR_RESTART_BUDGET="0")
    v.genesis("note up; sleep 1.2; exit 1")
    v.start()
    v.until_trace("up")
    v.upgrade("v2", "exit 0", "exit 1", "--upgrade-height", "500")
    assert v.wait() == 1
    assert v.current() == "genesis"


def test_version(visor):
    v = visor()
    v.genesis('if [ "$2" = --long ]; then echo \'{"version":"1.2.3"}\'; else echo 1.2.3; fi; exit 0')
    assert v.ok("version", "--cosmovisor-only").startswith("cosmovisor version: seivisor ")
    assert v.ok("version").splitlines()[1] == "1.2.3"
    out = json.loads(v.ok("version", "-o", "json"))
    assert out["app_version"] == {"version": "1.2.3"}
    assert out["cosmovisor_version"].startswith("seivisor ")
    assert list(json.loads(v.ok("version", "--cosmovisor-only", "-o", "json"))) == \
        ["cosmovisor_version"]


def test_settings_that_are_wrong_are_all_named(visor):
    v = visor()
    v.genesis("exit 0")
    done = v.command("run", "start", DAEMON_RESTART_AFTER_UPGRADE="1", DAEMON_RESTART_DELAY="5",
                     DAEMON_ALLOW_DOWNLOAD_BINARIES="true", SEIVISOR_HOLD="maybe",
                     DAEMON_PREUPGRADE_MAX_RETRIES="-1", DAEMON_DATA_BACKUP_DIR="relative")
    assert done.returncode == 1
    for name in ("DAEMON_RESTART_AFTER_UPGRADE", "DAEMON_RESTART_DELAY", "downloads nothing",
                 "SEIVISOR_HOLD must be one of exit, wait", "DAEMON_PREUPGRADE_MAX_RETRIES",
                 "DAEMON_DATA_BACKUP_DIR"):
        assert name in done.stderr, done.stderr
    assert v.trace() == []
    done = v.command("run", "start", DAEMON_HOME="", DAEMON_NAME="")
    assert "DAEMON_HOME is not set" in done.stderr and "DAEMON_NAME is not set" in done.stderr


def test_settings_from_a_file_and_the_environment_wins(visor, tmp_path):
    v = visor()
    v.genesis("exit 0")
    file = tmp_path / "config.toml"
    file.write_text(f'daemon_home = "{v.home}"\ndaemon_name = "noded"\n'
                    'daemon_restart_delay = "3s"\nunsafe_skip_backup = true\n'
                    'daemon_preupgrade_max_retries = 2\n', encoding="utf-8")
    env = {"DAEMON_HOME": "", "DAEMON_NAME": "", "UNSAFE_SKIP_BACKUP": ""}
    out = v.ok("--cosmovisor-config", str(file), "config", **env)
    assert "DAEMON_RESTART_DELAY: 3s" in out and "UNSAFE_SKIP_BACKUP: true" in out
    assert "DAEMON_PREUPGRADE_MAX_RETRIES: 2" in out
    out = v.ok("config", "--cosmovisor-config", str(file), DAEMON_RESTART_DELAY="1s", **env)
    assert "DAEMON_RESTART_DELAY: 1s (environment)" in out
    done = v.command("run", "start", "--cosmovisor-config", str(file), "--x", **env)
    assert done.returncode == 0, done.stderr
    assert v.trace() == ["genesis start --x"]
    file.write_text("daemon_hoome = 1\n", encoding="utf-8")
    done = v.command("run", "--cosmovisor-config", str(file))
    assert done.returncode == 1 and "config.toml:1:1: daemon_hoome: no such setting" in done.stderr


def test_explain_changes_nothing(visor):
    v = visor()
    v.genesis("exit 0")
    v.upgrade("v2", "exit 0")
    before = sorted(os.listdir(v.path("cosmovisor")))
    assert json.loads(v.ok("explain", "--json", "--code", "70", "--plan", "v2", "--height", "9"))[
        "goal"] == "upgrades/v2"
    for args, row in ((("--code", "72"), "human-required"), (("--code", "71"), "no-rollback-target"),
                      (("--code", "0"), "stopped"), (("--code", "3"), "crash"),
                      (("--signal", "9"), "crash"), (("--code", "70"), "plan-unknown"),
                      (("--code", "85"), "unknown-reason"), (("--alive",), "healthy"),
                      ((), "start"), (("--intent", "null"), "no-signal")):
        assert json.loads(v.ok("explain", "--json", *args))["row"] == row, args
    intent = ('{"reason":70,"reason_string":"upgrade_required","plan_name":"v2","height":9,'
              '"announced_at":"2026-01-02T03:04:05Z"}')
    assert json.loads(v.ok("explain", "--json", "--intent", intent))["row"] == "upgrade-grace"
    assert v.command("explain", "--intent", '{"reason":"70"}').returncode == 1
    assert "people" in v.ok("explain", "--code", "72") or "restarted" in v.ok("explain", "--code", "72")
    assert sorted(os.listdir(v.path("cosmovisor"))) == before


def test_the_status_socket_takes_no_nonsense(visor):
    import socket
    v = visor()
    v.genesis("note up; forever")
    v.start()
    v.until_trace("up")
    wait_for(lambda: os.path.exists(v.state("status.sock")))
    assert os.stat(v.state("status.sock")).st_mode & 0o777 == 0o600

    def exchange(data):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            try:
                s.connect(v.state("status.sock"))
                s.sendall(data)
                return s.makefile("rb").readline()
            except (ConnectionError, BlockingIOError):  # dropped, or the queue is full
                return b""

    for line in (b"x\n", b"[]\n", b"{}\n", b'{"op":1}\n', b'{"op":"what"}\n', b"\xff\n",
                 b'{"op":"resume"}\n', b"y" * 5000):
        assert json.loads(exchange(line))["ok"] is False, line
    sockets = []
    for _ in range(20):  # too many, and silent: they are dropped, and one that asks is served
        s = socket.socket(socket.AF_UNIX)
        s.connect(v.state("status.sock"))
        sockets.append(s)
    wait_for(lambda: b'"ok":true' in exchange(b'{"op":"status"}\n'), 15)
    for s in sockets:
        s.close()
    v.stop()


def test_history_is_bounded(visor):
    v = visor(SEIVISOR_RESTART_BUDGET="0")
    v.genesis("exit 0")
    v.run()
    line = json.dumps({"at": "x", "event": "filler", "text": "y" * 1000}) + "\n"
    for _ in range(6):
        with open(v.state("history.jsonl"), "a", encoding="utf-8") as file:
            file.write(line * 1100)
        v.run()
    names = [n for n in os.listdir(v.path("cosmovisor", ".seivisor")) if n.startswith("history")]
    assert sorted(names) == ["history.1.jsonl", "history.2.jsonl", "history.3.jsonl",
                             "history.jsonl"]
    with open(v.state("history.jsonl"), "a", encoding="utf-8") as file:
        file.write('{"torn":')
    v.run()
    assert v.history()[-1]["event"] in ("decision", "ended")
