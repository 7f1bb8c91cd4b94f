"""The samples for systemd and s6, tried with their own tools."""
import os
import shutil
import stat
import subprocess

import pytest

from visor import BUILD, SEIVISOR, Visor, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_systemd_takes_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    with open(os.path.join(TOP, "deploy", "systemd", "seivisor@.service"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("@bindir@", os.path.dirname(os.path.realpath(SEIVISOR)))
    text = text.replace("User=%i", "User=root").replace("Documentation=man:seivisor(1)\n", "")
    unit = tmp_path / "seivisor@seid.service"
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True,
                          text=True, check=False)
    mine = [line for line in done.stderr.splitlines() if "seivisor" in line]
    assert done.returncode == 0 and not mine, done.stderr
    statuses = next(l for l in text.splitlines() if l.startswith("RestartPreventExitStatus="))
    assert statuses.split("=")[1].split() == [str(n) for n in range(70, 90)]


@pytest.fixture(name="service")
def fixture_service(tmp_path):
    """The shipped s6 service folder over a home of shell scripts."""
    if not shutil.which("s6-supervise"):
        pytest.skip("no s6 on this machine")
    v = Visor(tmp_path)
    v.env["SEIVISOR"] = SEIVISOR
    folder = tmp_path / "service"
    shutil.copytree(os.path.join(TOP, "deploy", "s6", "seid"), folder)
    for name in ("run", "finish"):
        assert os.stat(folder / name).st_mode & stat.S_IXUSR
    log = open(v.log, "a", encoding="utf-8")  # pylint: disable=consider-using-with
    started = []

    def start():
        started.append(subprocess.Popen(["s6-supervise", str(folder)], env=v.env, stdout=log,
                                        stderr=log))
        return str(folder)

    yield v, start
    if started:
        subprocess.run(["s6-svc", "-xd", str(folder)], check=False)
        started[0].wait(20)
    log.close()
    v.close()


def svstat(folder):
    return subprocess.run(["s6-svstat", folder], capture_output=True, text=True,
                          check=False).stdout


def test_s6_leaves_a_hold_down_and_goes_on_when_told(service):
    v, start = service
    v.genesis(f'[ -e "{v.home}/mended" ] && forever; exit 72')
    folder = start()
    wait_for(lambda: "held until a person acts" in v.logged(), why=v.logged())
    wait_for(lambda: svstat(folder).startswith("down (exitcode 72)"), why=svstat(folder))
    assert v.trace() == ["genesis start"]
    with open(v.path("mended"), "w", encoding="utf-8"):
        pass
    v.ok("resume")
    subprocess.run(["s6-svc", "-u", folder], check=True)
    v.until_trace("genesis start", 2)
    subprocess.run(["s6-svc", "-wD", "-T", "10000", "-d", folder], check=True)
    assert "down (exitcode 143)" in svstat(folder)


def test_s6_restarts_a_supervisor_that_was_killed(service):
    v, start = service
    v.genesis("trap 'exit 0' TERM; note up; forever")
    folder = start()
    v.until_trace("up")
    subprocess.run(["s6-svc", "-k", folder], check=True)
    v.until_trace("up", 2)
    assert svstat(folder).startswith("up")


def test_s6_runs_through_an_upgrade(service):
    v, start = service
    v.genesis("plan v2 9; exit 70")
    v.upgrade("v2", "trap 'exit 0' TERM; note up; forever")
    folder = start()
    v.until_trace("up")
    assert svstat(folder).startswith("up")
    assert os.path.exists(BUILD)
