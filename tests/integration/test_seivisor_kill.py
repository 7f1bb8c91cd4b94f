"""kill -9 of the supervisor at every step of a swap: the next run completes it, the old binary never
runs again once the new one may have, and nothing half-made is left behind."""
import os
import random
import signal
import time

import pytest

from visor import FAULTS, wait_for

STEPS = ["stopped", "backed_up", "pre_upgraded", "swapped", "started", "confirmed"]
POINTS = [f"{when}-{step}" for step in STEPS for when in ("before", "after")] + \
    ["before-link", "after-link", "before-spawn:2", "after-spawn:2", "born:2", "memory-saved:1",
     "memory-saved:2", "memory-saved:3", "before-cleared", "after-cleared"]


PROGRAM = FAULTS  # of the fixture visor


def starts(v):
    return [line.split()[0] for line in v.trace() if line.endswith(" start")]


def end_well(v):
    """Lets it run until the swap is confirmed, then stops it."""
    v.start()
    wait_for(lambda: v.current() == "upgrades/v2", why=v.logged())
    v.until_up()
    wait_for(lambda: v.status()["swap"] is None and v.status()["ran_well"], why=v.logged())
    assert v.stop() == 143


@pytest.mark.parametrize("point", POINTS)
def test_upgrade(visor, point):
    v = visor(UNSAFE_SKIP_BACKUP="false", COSMOVISOR_CUSTOM_PREUPGRADE="before.sh")
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "forever", "exit 0")
    with open(v.path("cosmovisor", "before.sh"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\necho "script $*" >> "{v.home}/trace"\n')
    v.start(SEIVISOR_FAULT=point)
    assert v.wait() == -signal.SIGKILL, "the point was reached"
    killed_at = v.trace()
    end_well(v)
    order = starts(v)
    assert order == sorted(order), f"the old one ran after the new one: {order}"
    # Once the journal says that the old one is gone it is not needed any more.
    journaled = point not in ("before-stopped", "memory-saved:1")
    assert order.count("genesis") == (1 if journaled else order.count("genesis"))
    assert order.count("genesis") <= 2
    assert order[-1] == "v2" and v.current() == "upgrades/v2"
    assert "v2 pre-upgrade" in v.trace() and "script v2 120" in v.trace()
    if "v2 start" in killed_at:
        assert v.trace().count("v2 pre-upgrade") == killed_at.count("v2 pre-upgrade"), \
            "no hook after the new binary ran"
    backups = [name for name in os.listdir(v.home) if "backup" in name]
    assert backups == ["data-backup-v2-120"]
    assert v.journal() == []
    assert not v.memory()["hold"]["active"]


@pytest.mark.parametrize("point", ["before-stopped", "after-stopped", "before-link", "after-link",
                                   "before-swapped", "after-swapped", "before-spawn:2",
                                   "after-spawn:2", "before-started", "after-started",
                                   "memory-saved:1", "memory-saved:2"])
def test_rollback(visor, point):
    v = visor()
    v.genesis("forever")
    v.upgrade("v2", "exit 71")
    v.start()
    wait_for(lambda: os.path.exists(v.state("memory.json")) and v.memory()["good"])
    v.stop()
    v.point("upgrades/v2")
    v.start(SEIVISOR_FAULT=point)
    assert v.wait() == -signal.SIGKILL
    v.start()
    v.until_trace("genesis start", 2)
    v.until_up()
    assert v.current() == "genesis"
    assert starts(v).count("v2") <= 2
    wait_for(lambda: v.memory()["rollbacks"] >= 1)
    wait_for(lambda: v.status()["swap"] is None)
    v.stop()
    pages = v.pages()
    assert len(pages) == 1 and pages[0]["class"] == "binary_too_new", pages


@pytest.mark.parametrize("point", ["memory-saved:1", "before-spawn", "after-spawn"])
@pytest.mark.parametrize("code", [71, 72])
def test_hold(visor, point, code):
    v = visor()
    v.genesis(f"exit {code}")
    assert v.run(SEIVISOR_FAULT=point) == -signal.SIGKILL
    assert v.run() == code
    assert v.run() == code
    assert 1 <= len(v.trace()) <= 2
    assert len(v.pages()) == 1


def test_in_the_middle_of_the_backup(visor):
    v = visor(UNSAFE_SKIP_BACKUP="false")
    with open(v.path("data", "big"), "wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "forever")
    v.start()
    partial = v.path("data-backup-v2-120.partial")
    wait_for(lambda: os.path.exists(partial))
    v.process.kill()
    v.wait()
    time.sleep(0.1)
    size = sum(os.path.getsize(os.path.join(partial, n)) for n in os.listdir(partial)) \
        if os.path.exists(partial) else -1
    end_well(v)
    assert not os.path.exists(partial), f"it was left with {size} bytes"
    assert os.path.getsize(v.path("data-backup-v2-120", "big")) == 64 << 20
    assert starts(v) == ["genesis", "v2"]


def test_at_random_instants(visor):
    """Kills it again and again while it goes through three upgrades."""
    seed = int(os.environ.get("SEIHALT_SEED", random.randrange(2**31)))
    print("SEIHALT_SEED", seed)
    dice = random.Random(seed)
    v = visor(UNSAFE_SKIP_BACKUP="false", SEIVISOR_CONFIRM_AFTER="100ms")
    for i in range(8):
        with open(v.path("data", f"file{i}"), "wb") as file:
            file.write(os.urandom(100000))
    v.genesis("sleep 0.05; plan v2 10; exit 70", name="v1")
    v.upgrade("v2", "sleep 0.05; plan v3 20; exit 70", "exit 0")
    v.upgrade("v3", "sleep 0.05; plan v4 30; exit 70", "exit 0")
    v.upgrade("v4", "forever", "exit 0")
    for _ in range(25):
        v.start()
        time.sleep(dice.uniform(0, 0.12))
        v.process.kill()
        v.wait()
        order = starts(v)
        assert order == sorted(order), f"seed {seed}: {order}"
    v.start()
    wait_for(lambda: v.current() == "upgrades/v4", why=v.logged())
    v.until_trace("v4 start")
    v.until_up()
    wait_for(lambda: v.status()["swap"] is None)
    assert v.stop() == 143
    order = starts(v)
    assert order == sorted(order), f"seed {seed}: {order}"
    assert not [name for name in os.listdir(v.home) if name.endswith(".partial")]
    assert not v.memory()["hold"]["active"], v.memory()["hold"]


@pytest.mark.parametrize("where", ["script", "hook"])
def test_in_the_middle_of_a_hook(visor, where):
    v = visor(COSMOVISOR_CUSTOM_PREUPGRADE="before.sh" if where == "script" else "")
    v.genesis("plan v2 120; exit 70")
    slow = f'echo hooked >> "{v.home}/trace"; [ -e "{v.home}/fast" ] || sleep 20; exit 0'
    v.upgrade("v2", "forever", slow if where == "hook" else "exit 1")
    if where == "script":
        with open(v.path("cosmovisor", "before.sh"), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{slow}\n")
    v.start()
    v.until_trace("hooked")
    v.process.kill()
    v.wait()
    with open(v.path("fast"), "w", encoding="utf-8"):
        pass
    end_well(v)
    assert starts(v) == ["genesis", "v2"]
    assert v.trace().count("hooked") == 2


@pytest.mark.parametrize("where", ["backup", "hook"])
def test_sigterm_in_the_middle_of_a_step_is_resumed_by_the_next_run(visor, where):
    v = visor(UNSAFE_SKIP_BACKUP="false" if where == "backup" else "true")
    v.genesis("plan v2 120; exit 70")
    if where == "backup":
        with open(v.path("data", "big"), "wb") as file:
            for _ in range(64):
                file.write(os.urandom(1 << 20))
    slow = f'[ -e "{v.home}/fast" ] || sleep 20; exit 0'
    v.upgrade("v2", "forever", slow if where == "hook" else "exit 1")
    v.start()
    if where == "backup":
        wait_for(lambda: os.path.exists(v.path("data-backup-v2-120.partial")))
    else:
        v.until_trace("v2 pre-upgrade")
    begun = time.monotonic()
    assert v.stop() == 0
    assert time.monotonic() - begun < 5
    assert v.journal()[:2] == ["intent", "stopped"]
    with open(v.path("fast"), "w", encoding="utf-8"):
        pass
    end_well(v)
    assert starts(v) == ["genesis", "v2"]
    assert not v.memory()["hold"]["active"]


def test_a_torn_journal_is_read_as_far_as_it_is_whole(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "forever")
    v.start(SEIVISOR_FAULT="after-swapped")
    assert v.wait() == -signal.SIGKILL
    with open(v.state("journal"), "rb") as file:
        whole = file.read()
    with open(v.state("journal"), "wb") as file:
        file.write(whole[:-5])
    end_well(v)
    assert starts(v) == ["genesis", "v2"]


def test_a_person_who_changes_the_link_meanwhile_is_obeyed(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "forever")
    v.upgrade("other", "forever")
    v.start(SEIVISOR_FAULT="after-stopped")
    assert v.wait() == -signal.SIGKILL
    v.point("upgrades/other")
    v.start()
    v.until_trace("other start")
    assert v.journal() == []
    v.stop()


def test_a_target_that_is_lost_meanwhile_holds(visor):
    v = visor()
    v.genesis("plan v2 120; exit 70")
    v.upgrade("v2", "forever")
    v.start(SEIVISOR_FAULT="after-stopped")
    assert v.wait() == -signal.SIGKILL
    os.unlink(v.path("cosmovisor", "upgrades", "v2", "bin", "noded"))
    assert v.run() == 70
    assert v.memory()["hold"]["state"] == "BinaryMissing"
    assert starts(v) == ["genesis"]
    v.upgrade("v2", "forever")
    v.ok("resume")
    end_well(v)
