"""The cases that cosmovisor tests for itself, and those of its open bugs, asked of seivisor as a
program. The names are cosmovisor's. What differs on purpose says so."""
import json
import os
import time

import pytest

from visor import wait_for


@pytest.fixture(name="visor")
def fixture_visor_of_cosmovisor(visor):
    """cosmovisor's own daemons speak no contract: the file is all they write."""
    def make(**settings):
        return visor(**{"SEIVISOR_CONTRACT": "no", **settings})

    return make


# The daemon of cosmovisor's tests: runs a while, writes the plan, and lives on.
def halting(plan, height):
    return f"sleep 0.1; plan {plan} {height}; sleep 30"


# ---- process ------------------------------------------------------------------------------------

def test_launch_process(visor):
    v = visor()
    v.genesis(halting("chain2", 49))
    v.upgrade("chain2", "exit 0")
    assert v.run("foo", "bar", "1234") == 0
    assert v.current() == "upgrades/chain2"
    assert v.trace() == ["genesis foo bar 1234", "chain2 pre-upgrade", "chain2 foo bar 1234"]
    assert v.run("second", "run", "--verbose") == 0
    assert v.trace()[3:] == ["chain2 second run --verbose"]


def test_plan_disable_recase(visor):
    v = visor(COSMOVISOR_DISABLE_RECASE="true")
    v.genesis(halting("Chain2", 49))
    v.upgrade("Chain2", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/Chain2"


def test_launch_process_with_restart_delay(visor):
    v = visor(DAEMON_RESTART_DELAY="500ms")
    v.genesis("plan chain2 49; exit 1")
    v.upgrade("chain2", "exit 0")
    begun = time.monotonic()
    assert v.run() == 0
    assert time.monotonic() - begun >= 0.5


def test_plan_shutdown_grace(visor):
    v = visor(DAEMON_SHUTDOWN_GRACE="2s")
    v.genesis("trap 'sleep 0.5; note flushed; exit 0' TERM; " + "plan chain2 49; forever")
    v.upgrade("chain2", "exit 0")
    assert v.run() == 0
    assert "flushed" in v.trace()


def test_launch_process_with_downloads_is_refused_with_a_word(visor):
    """Differs: nothing is downloaded."""
    v = visor(DAEMON_ALLOW_DOWNLOAD_BINARIES="true")
    v.ok("init", v.script("genesis", "exit 0"), DAEMON_ALLOW_DOWNLOAD_BINARIES="false")
    assert v.run() == 1
    assert "seivisor downloads nothing" in v.logged()
    assert v.trace() == []


def test_launch_process_with_missing_preupgrade(visor):
    v = visor(COSMOVISOR_CUSTOM_PREUPGRADE="missing.sh")
    v.genesis("plan chain2 49; exit 1")
    v.upgrade("chain2", "exit 0")
    assert v.run() == 1
    assert v.memory()["hold"]["state"] == "PreUpgradeFailed"
    assert "missing.sh" in v.memory()["hold"]["why"]
    assert v.current() == "genesis"


def test_launch_process_with_preupgrade(visor):
    v = visor(COSMOVISOR_CUSTOM_PREUPGRADE="preupgrade.sh")
    v.genesis("plan chain2 49; exit 1")
    v.upgrade("chain2", "exit 0")
    with open(v.path("cosmovisor", "preupgrade.sh"), "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\necho "$1 $2" > "$DAEMON_HOME/upgrade_name"\n')
    assert v.run() == 0
    with open(v.path("upgrade_name"), encoding="utf-8") as file:
        assert file.read() == "chain2 49\n"


@pytest.mark.parametrize("args,skipped", [
    (["start", "abcd"], False), (["start", "--unsafe-skip-upgrades", "10", "--abcd"], True),
    (["start", "--unsafe-skip-upgrades", "10", "20", "--abcd"], True),
    (["start", "--unsafe-skip-upgrades", "20", "--abcd", "34"], False),
    (["start", "--unsafe-skip-upgrades=10"], True)])
def test_skip_upgrade(visor, args, skipped):
    """Differs: on a skip height cosmovisor has already killed the daemon and exits 0."""
    v = visor()
    v.genesis('plan chain2 10; sleep 0.6; [ -e "$DAEMON_HOME/x" ]; exit 0')
    v.upgrade("chain2", "exit 0")
    assert v.run(*args) == 0
    assert v.current() == ("genesis" if skipped else "upgrades/chain2")


# ---- what is pending at a start (its issue 25861) ------------------------------------------------

def test_check_pending_upgrade_no_file(visor):
    v = visor()
    v.genesis("exit 0")
    assert v.run() == 0
    assert v.trace() == ["genesis start"]


def test_check_pending_upgrade_staged_binary_switches(visor):
    """A node that died at its height while nobody watched: its next start says so again, and that
    counts, not the old file."""
    v = visor()
    v.genesis("plan chain2 49; exit 1")
    with open(v.path("data", "upgrade-info.json"), "w", encoding="utf-8") as file:
        file.write('{"name":"chain2","height":49}')
    v.upgrade("chain2", "exit 0")
    assert v.run() == 0
    assert v.current() == "upgrades/chain2"


def test_check_pending_upgrade_already_current_is_noop(visor):
    v = visor()
    v.genesis("exit 1")
    v.upgrade("chain2", "exit 0")
    v.point("upgrades/chain2")
    with open(v.path("data", "upgrade-info.json"), "w", encoding="utf-8") as file:
        file.write('{"name":"chain2","height":49}')
    assert v.run() == 0
    assert v.trace() == ["chain2 start"]


def test_check_pending_upgrade_missing_binary_waits_for_it(visor):
    v = visor(SEIVISOR_HOLD="wait")
    v.genesis("plan chain2 49; exit 1")
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["hold"]["active"])
    assert v.memory()["hold"]["state"] == "BinaryMissing"
    v.upgrade("chain2", "exit 0")
    assert v.wait() == 0


@pytest.mark.parametrize("content", ["{", '{"name":"","height":49}'])
def test_check_pending_upgrade_malformed_file_and_empty_name(visor, content):
    """Differs: cosmovisor panics."""
    v = visor()
    v.genesis("exit 0")
    with open(v.path("data", "upgrade-info.json"), "w", encoding="utf-8") as file:
        file.write(content)
    assert v.run() == 0


# ---- parse --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name,content,good", [
    ("f1-good", '{"name":"upgrade1","info":"some info","height":123}', True),
    ("f2-normalized-name", '{"name":"Upgrade1","info":"some info","height":125}', True),
    ("f2-bad-type", '{"foo":[1,2,3]}', False), ("f3-empty", "", False),
    ("f4-empty-obj", "{}", False), ("f5-partial-obj-1", '{"name":"upgrade2"}', False),
    ("f6-partial-obj-2", '{"height":100}', False), ("unknown", None, False)])
def test_parse_upgrade_info_file(visor, name, content, good):
    v = visor(SEIVISOR_RESTART_BUDGET="0")
    if content is None:
        v.genesis("exit 3")
    else:
        v.genesis(f"printf '%s' '{content}' > \"$DAEMON_HOME/data/upgrade-info.json\"; exit 3")
    v.upgrade("upgrade1", "exit 0")
    assert v.run() == (0 if good else 3), name
    assert v.current() == ("upgrades/upgrade1" if good else "genesis")


# ---- binaries -----------------------------------------------------------------------------------

def test_current_bin(visor):
    v = visor()
    v.genesis("exit 0")
    os.unlink(v.path("cosmovisor", "current"))
    assert v.run() == 0, "without a link it is genesis, and the link is made"
    assert v.current() == "genesis"
    v.upgrade("chain2", "exit 0")
    for target in ("upgrades/chain2", v.path("cosmovisor", "upgrades", "chain2"),
                   "upgrades/chain2/"):
        v.point(target)
        assert v.run() == 0
        assert v.trace()[-1] == "chain2 start"
    for target in ("upgrades/chain2/bin/noded", "/etc", "..", "upgrades"):
        v.point(target)
        assert v.run() == 1
        assert "which is neither genesis nor an upgrade" in v.logged()


def test_current_always_symlink_to_directory(visor):
    v = visor()
    v.genesis("plan chain2 49; exit 1")
    v.upgrade("chain2", "plan chain3 50; exit 1")
    v.upgrade("chain3", "exit 0")
    assert v.run() == 0
    link = v.path("cosmovisor", "current")
    assert os.path.islink(link) and os.path.isdir(link)
    assert os.readlink(link) == "upgrades/chain3", "relative, so that the home can be moved"


def test_upgrade_binary_no_download_url(visor):
    v = visor()
    v.genesis("plan chain2 49; exit 1")
    v.upgrade("chain2", "exit 0")
    os.chmod(v.path("cosmovisor", "upgrades", "chain2", "bin", "noded"), 0o644)
    if os.geteuid() == 0:
        os.unlink(v.path("cosmovisor", "upgrades", "chain2", "bin", "noded"))
    assert v.run() == 1
    assert v.memory()["hold"]["state"] == "BinaryMissing"
    assert v.current() == "genesis"


# ---- settings -----------------------------------------------------------------------------------

def test_config_paths(visor):
    v = visor()
    v.genesis("exit 0")
    v.upgrade("chain2", "exit 0")
    for parts in (("genesis", "bin", "noded"), ("upgrades", "chain2", "bin", "noded")):
        assert os.path.isfile(v.path("cosmovisor", *parts))


@pytest.mark.parametrize("env,good", [
    ({}, True), ({"DAEMON_HOME": ""}, False), ({"DAEMON_NAME": ""}, False),
    ({"DAEMON_HOME": "relative"}, False), ({"DAEMON_HOME": "/no/such/folder"}, False)])
def test_validate(visor, env, good):
    v = visor()
    v.genesis("exit 0")
    assert (v.command("run", "start", **env).returncode == 0) == good


@pytest.mark.parametrize("mode,good", [(0o755, True), (None, False), ("folder", False)])
def test_ensure_bin(visor, mode, good):
    v = visor()
    v.genesis("exit 0")
    binary = v.path("cosmovisor", "genesis", "bin", "noded")
    if mode is None or mode == "folder":
        os.unlink(binary)
    if mode == "folder":
        os.mkdir(binary)
    assert (v.run() == 0) == good


@pytest.mark.parametrize("value,good", [("true", True), ("false", True), ("TRUE", True),
                                        ("False", True), ("", True), ("1", False), ("0", False),
                                        ("t", False), ("yes", False), (" true", False)])
def test_boolean_option(visor, value, good):
    v = visor()
    v.genesis("exit 0")
    done = v.command("config", DAEMON_RESTART_AFTER_UPGRADE=value)
    assert (done.returncode == 0) == good
    if not good:
        assert "must be true, false or empty" in done.stderr


@pytest.mark.parametrize("value,good", [("kitchen", True), ("rfc3339nano", True), ("", True),
                                        ("ansic", True), ("sometime", False)])
def test_time_format(visor, value, good):
    v = visor()
    done = v.command("config", COSMOVISOR_TIMEFORMAT_LOGS=value)
    assert (done.returncode == 0) == good


def test_get_config_from_env_and_file(visor, tmp_path):
    v = visor()
    out = v.ok("config", DAEMON_POLL_INTERVAL="1s", DAEMON_PREUPGRADE_MAX_RETRIES="8",
               DAEMON_SHUTDOWN_GRACE="8s", COSMOVISOR_DISABLE_RECASE="true")
    for line in ("DAEMON_POLL_INTERVAL: 1s (environment)", "DAEMON_SHUTDOWN_GRACE: 8s",
                 "DAEMON_PREUPGRADE_MAX_RETRIES: 8", "COSMOVISOR_DISABLE_RECASE: true"):
        assert line in out
    for value in ("-1s", "1", "soon", "1d"):
        assert v.command("config", DAEMON_POLL_INTERVAL=value).returncode == 1, value
    file = tmp_path / "config.toml"
    file.write_text('daemon_shutdown_grace = "9s"\ndaemon_allow_download_binaries = false\n',
                    encoding="utf-8")
    assert f"DAEMON_SHUTDOWN_GRACE: 9s ({file})" in v.ok("--cosmovisor-config", str(file), "config")
    assert v.command("--cosmovisor-config", "/nonexistent", "config").returncode == 1


# ---- init ---------------------------------------------------------------------------------------

def test_initialize_cosmovisor_negative_validation(visor, tmp_path):
    v = visor()
    for args, env in ((("init",), {}), (("init", "/no/such/binary"), {}),
                      (("init", str(tmp_path)), {}),
                      (("init", v.script("x", "exit 0")), {"DAEMON_NAME": ""})):
        done = v.command(*args, **env)
        assert done.returncode != 0 and done.stderr, args


def test_initialize_cosmovisor_invalid_existing(visor):
    v = visor()
    os.makedirs(v.path("cosmovisor"))
    with open(v.path("cosmovisor", "genesis"), "w", encoding="utf-8"):
        pass
    assert v.command("init", v.script("x", "exit 0")).returncode == 1


def test_initialize_cosmovisor_valid(visor):
    v = visor()
    v.genesis("exit 0")
    assert v.current() == "genesis"
    assert os.access(v.path("cosmovisor", "genesis", "bin", "noded"), os.X_OK)
    assert os.path.isdir(v.path("cosmovisor", "upgrades"))


def test_initialize_cosmovisor_valid_existing_non_executable(visor):
    v = visor()
    v.genesis("exit 0")
    os.unlink(v.path("cosmovisor", "current"))
    v.ok("init", v.script("other", "exit 0"))
    assert v.current() == "genesis"


# ---- what is not supported says so --------------------------------------------------------------

@pytest.mark.parametrize("command", ["add-batch-upgrade", "prepare-upgrade"])
def test_what_is_not_supported_says_so(visor, command):
    v = visor()
    done = v.command(command, "--upgrade-list", "a:b:1")
    assert done.returncode == 1
    assert f"{command} is not supported" in done.stderr


def test_show_upgrade_info(visor):
    v = visor()
    v.genesis("plan chain2 49; exit 0")
    v.upgrade("chain2", "exit 0")
    v.run()
    assert json.loads(v.ok("show-upgrade-info")) == {"name": "chain2", "height": 49, "info": ""}
