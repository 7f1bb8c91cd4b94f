"""seivisor and the network: /status, pages, metrics, and a helper that fails."""
import json
import os
import signal
import time
import urllib.error
import urllib.request

import pytest

from seinet import Alertmanager
from seirpc import free_ports
from visor import intent, wait_for


HALTED = 'while [ ! -e "$DAEMON_HOME/stop" ]; do sleep 0.02; done'


# ---- /status ------------------------------------------------------------------------------------

@pytest.mark.parametrize("wrapped", [True, False])
def test_a_node_that_halts_and_stays_alive_is_swapped_after_its_window(visor, web, wrapped):
    v = visor(SEIVISOR_STATUS_URL=web.url + "/status", SEIVISOR_STATUS_POLL="50ms",
              SEIVISOR_HALT_GRACE="600ms", SEIVISOR_CONTRACT="auto")
    v.genesis("trap 'exit 70' TERM; note up; forever")
    v.upgrade("v2", "exit 0")
    web.healthy(118)
    v.start()
    v.until_trace("up")
    web.healthy(119, intent(70))
    if not wrapped:
        web.status = web.status["result"]
    begun = time.monotonic()
    assert v.wait() == 0
    assert time.monotonic() - begun > 0.5
    assert v.trace() == ["genesis start", "up", "v2 pre-upgrade", "v2 start"]
    assert "upgrade-grace" in v.rows() and v.rows()[-2] == "upgrade"
    assert v.memory()["speaks_contract"]


@pytest.mark.parametrize("reason,state", [(71, "NoRollbackTarget"), (72, "HumanRequired"),
                                          (74, "UnknownHaltReason")])
def test_a_live_halt_that_holds_ends_the_node_after_its_window(visor, web, reason, state):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_STATUS_POLL="50ms", SEIVISOR_HALT_GRACE="300ms",
              SEIVISOR_HOLD="wait")
    v.genesis(f"trap 'note ended; exit {reason}' TERM; note up; forever")
    web.healthy(119, intent(reason))
    v.start()
    v.until_trace("ended")
    wait_for(lambda: v.status()["hold"])
    assert v.status()["hold"]["state"] == state
    assert v.trace().count("genesis start") == 1
    v.stop()


def test_the_code_must_agree_with_the_live_intent(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_STATUS_POLL="50ms", SEIVISOR_HALT_GRACE="100ms")
    v.genesis("trap 'exit 72' TERM; note up; forever")
    v.upgrade("v2", "exit 0")
    web.healthy(119, intent(70))
    assert v.run() == 72
    assert v.memory()["hold"]["state"] == "EvidenceDisagrees"
    assert v.current() == "genesis"
    assert v.run() == 72, "and it is not acted on later"
    assert v.current() == "genesis"
    v.ok("resume")
    web.healthy(120)
    v.start()
    v.until_trace("up", 2)
    v.stop()


def test_stay_alive_is_noticed_in_the_arguments(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_HALT_GRACE="100ms")
    v.genesis("trap 'exit 72' TERM; note up; forever")
    web.healthy(119, intent(72))
    v.start("start", "--halt-stay-alive")
    assert v.wait() == 72
    assert web.gets > 0


def test_an_idle_supervisor_asks_nothing(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url)
    v.genesis("note up; forever")
    web.healthy(5)
    v.start()
    v.until_trace("up")
    time.sleep(1)
    assert web.gets == 0
    assert "seivisor-net" not in children(v)
    v.stop()


def children(v):
    names = []
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                text = file.read()
        except (OSError, ValueError):
            continue
        if text.rsplit(")", 1)[1].split()[1] == str(v.process.pid):
            names.append(text.split("(", 1)[1].rsplit(")", 1)[0])
    return names


@pytest.mark.parametrize("answer", [None, {}, {"result": {}}, {"halt_intent": 5},
                                    {"result": {"sync_info": {"latest_block_height": "x"}}},
                                    "intent-null", "intent-broken"])
def test_what_is_no_halt_is_no_halt(visor, web, answer):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_STATUS_POLL="20ms", SEIVISOR_HALT_GRACE="0s")
    v.genesis("trap 'exit 0' TERM; note up; forever")
    if answer == "intent-null":
        web.healthy(5, None)
    elif answer == "intent-broken":
        web.healthy(5, {"reason": "70"})
    else:
        web.status = answer
    v.start()
    v.until_trace("up")
    wait_for(lambda: web.gets > 5)
    assert v.process.poll() is None
    assert v.stop() == 0
    assert v.trace() == ["genesis start", "up"]


def test_a_file_ahead_of_its_height_waits_for_the_height(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_CONTRACT="no")
    v.genesis("trap 'exit 0' TERM; note up; forever")
    web.healthy(100)
    v.start()
    v.until_trace("up")
    v.upgrade("v2", "exit 0", "exit 1", "--upgrade-height", "500")
    time.sleep(1.2)
    assert v.trace() == ["genesis start", "up"]
    assert v.status()["upgrade_info"] == {"name": "v2", "height": 500, "staged": True}
    web.healthy(499)
    assert v.wait() == 0
    assert v.trace()[2:] == ["v2 pre-upgrade", "v2 start"]


def test_making_blocks_is_running_well(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_STATUS_POLL="30ms", SEIVISOR_CONFIRM_AFTER="1h")
    v.genesis("note up; forever")
    web.healthy(5)
    v.start()
    wait_for(lambda: web.gets > 3)
    assert not v.status()["ran_well"]
    web.healthy(6)
    wait_for(lambda: v.status()["ran_well"])
    assert v.status()["height"] == 6
    v.stop()


# ---- pages --------------------------------------------------------------------------------------

def test_a_page_to_every_kind_of_target_and_its_end(visor, web, tmp_path):
    (tmp_path / "key").write_text("routing-key\n", encoding="utf-8")
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    v = visor(SEIVISOR_WEBHOOKS=web.url + "/hook", SEIVISOR_ALERTMANAGERS=web.url,
              SEIVISOR_PAGERDUTY_KEY_FILE=str(tmp_path / "key"),
              SEIVISOR_PAGERDUTY_URL=web.url + "/pd", SEIVISOR_HOLD="wait",
              SEIVISOR_WEBHOOK_TOKEN_FILE=str(tmp_path / "token"))
    v.genesis('[ -e "$DAEMON_HOME/mended" ] && forever; exit 72')
    v.start()
    wait_for(lambda: len(web.pages) == 3)
    by_path = {path: body for path, body, _ in web.pages}
    assert set(by_path) == {"/hook", "/api/v2/alerts", "/pd"}
    hook = by_path["/hook"]
    key = v.status()["hold"]["key"]
    assert hook["action"] == "trigger" and hook["dedup_key"] == key
    assert hook["severity"] == "critical" and hook["class"] == "downgrade_detected"
    assert "halt: downgrade_detected" in hook["summary"]
    assert next(h for p, _, h in web.pages if p == "/hook")["Authorization"] == "Bearer s3cret"
    alert = by_path["/api/v2/alerts"][0]
    assert alert["labels"]["dedup_key"] == key and alert["startsAt"] < alert["endsAt"]
    assert by_path["/pd"]["routing_key"] == "routing-key"
    assert by_path["/pd"]["event_action"] == "trigger" and by_path["/pd"]["dedup_key"] == key
    wait_for(lambda: v.status()["pages"][0]["to_reach"] == "")
    with open(v.path("mended"), "w", encoding="utf-8"):
        pass
    v.ok("resume")
    wait_for(lambda: len(web.pages) == 6)
    last = {path: body for path, body, _ in web.pages[3:]}
    assert last["/hook"]["action"] == "resolve" and last["/hook"]["dedup_key"] == key
    assert last["/pd"]["event_action"] == "resolve"
    wait_for(lambda: not v.status()["pages"])
    assert "s3cret" not in v.logged() and "routing-key" not in v.logged()
    v.stop()


def test_an_exit_waits_for_its_page(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=web.url)
    v.genesis("exit 72")
    assert v.run() == 72
    assert len(web.pages) == 1
    assert v.run() == 72
    assert len(web.pages) == 1, "the same halt is not paged twice"


def test_a_page_that_cannot_be_delivered_is_kept_for_the_next_run(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=web.url, SEIVISOR_PAGE_WAIT="300ms")
    web.code = 503
    v.genesis("exit 72")
    begun = time.monotonic()
    assert v.run() == 72
    assert time.monotonic() - begun < 5
    assert not web.pages
    assert v.pages()[0]["left"] == ["webhook-0"]
    web.code = 200
    assert v.run() == 72
    assert len(web.pages) == 1


def test_a_page_is_retried(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=web.url, SEIVISOR_HOLD="wait")
    web.code = 500
    v.genesis("exit 72")
    v.start()
    v.until_log("could not be delivered yet")
    web.code = 200
    wait_for(lambda: web.pages)
    v.stop()


def test_a_target_that_is_down_holds_up_no_other_page(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=f"http://127.0.0.1:{free_ports(1)[0]}", SEIVISOR_ALERTMANAGERS=web.url,
              SEIVISOR_HOLD="wait")
    v.genesis('[ -e "$DAEMON_HOME/second" ] && exit 79; exit 72')
    v.start()
    wait_for(lambda: web.pages)
    with open(v.path("second"), "w", encoding="utf-8"):
        pass
    v.ok("resume")
    # The resolve of the first still tries the dead webhook; the second page passes it.
    wait_for(lambda: len({body[0]["labels"]["dedup_key"] for _, body, _ in web.pages}) == 2, 5)
    v.stop()


def test_alertmanager_is_told_again_while_the_page_is_open(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=web.url + "/hook", SEIVISOR_ALERTMANAGERS=web.url,
              SEIVISOR_HOLD="wait", SEIVISOR_PAGE_REFRESH="100ms")
    v.genesis('[ -e "$DAEMON_HOME/mended" ] && forever; exit 72')
    v.start()

    def told(path):
        return [body for p, body, _ in web.pages if p == path]
    wait_for(lambda: len(told("/api/v2/alerts")) >= 4)
    assert len(told("/hook")) == 1
    assert len({json.dumps(body[0]["labels"]) for body in told("/api/v2/alerts")}) == 1
    assert v.logged().count("paged") == 2
    with open(v.path("mended"), "w", encoding="utf-8"):
        pass
    v.ok("resume")
    wait_for(lambda: len(told("/hook")) == 2 and not v.status()["pages"])
    time.sleep(0.2)
    count = len(web.pages)
    time.sleep(0.5)
    assert len(web.pages) == count
    v.stop()


def test_a_real_alertmanager_that_restarts_has_the_alert_again(visor, tmp_path):
    (tmp_path / "am").mkdir()
    with Alertmanager(tmp_path / "am") as manager:
        v = visor(SEIVISOR_ALERTMANAGERS=manager.url, SEIVISOR_HOLD="wait",
                  SEIVISOR_PAGE_REFRESH="500ms")
        v.genesis('[ -e "$DAEMON_HOME/mended" ] && forever; exit 72')
        v.start()
        wait_for(lambda: len(manager.alerts()) == 1)
        manager.stop()
        manager.start()
        wait_for(lambda: len(manager.alerts()) == 1)
        with open(v.path("mended"), "w", encoding="utf-8"):
            pass
        v.ok("resume")
        wait_for(lambda: not manager.alerts())
        v.stop()


def test_a_page_that_is_refused_is_given_up_with_a_word(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=web.url)
    web.code = 400
    v.genesis("exit 72")
    assert v.run() == 72
    assert "a page was refused" in v.logged()
    assert v.pages()[0]["left"] == []


def test_pages_that_were_damaged_are_not_guessed_at(visor, web):
    v = visor(SEIVISOR_WEBHOOKS=web.url)
    v.genesis("exit 72")
    assert v.run() == 72
    memory = v.memory()
    memory["pages"]["incidents"][0]["want"] = "x"
    with open(v.state("memory.json"), "w", encoding="utf-8") as file:
        json.dump(memory, file)
    assert v.run() == 1
    assert "memory.json cannot be used" in v.logged()
    assert v.trace() == ["genesis start"]


@pytest.mark.parametrize("when", ["memory-saved", "paged"])
def test_a_kill_loses_no_page(visor, web, when, tmp_path):
    # pylint: disable=import-outside-toplevel
    from visor import FAULTS
    v = visor(program=FAULTS, SEIVISOR_WEBHOOKS=web.url)
    v.genesis("exit 72")
    if when == "memory-saved":
        assert v.run(SEIVISOR_FAULT="memory-saved") == -9
        assert not web.pages
    else:
        web.code = 503
        v.start()
        v.until_log("could not be delivered yet")
        v.process.kill()
        v.wait()
        web.code = 200
    assert v.run() == 72
    assert len(web.pages) == 1
    assert v.trace() == ["genesis start"]


# ---- the helper ---------------------------------------------------------------------------------

BROKEN = {"ends": "exit 3", "closes": "exec 0<&- 1>&-; sleep 5", "babbles": "while :; do echo x; done",
          "answers what was not asked": 'echo \'{"id":99,"ok":true}\'; sleep 5',
          "is silent": "sleep 60", "floods": "head -c 10000000 /dev/zero; sleep 5"}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_helper_harms_nothing(visor, how, tmp_path):
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\n{BROKEN[how]}\n", encoding="utf-8")
    helper.chmod(0o755)
    v = visor(SEIVISOR_NET=str(helper), SEIVISOR_WEBHOOKS="http://127.0.0.1:1/",
              SEIVISOR_PAGE_WAIT="500ms", SEIVISOR_STATUS_POLL="30ms",
              SEIVISOR_METRICS_LISTEN="127.0.0.1:0")
    v.genesis("note up; sleep 0.7; plan v2 9; exit 70")
    v.upgrade("v2", "exit 72")
    assert v.run() == 72
    assert v.trace() == ["genesis start", "up", "v2 pre-upgrade", "v2 start"]
    assert v.pages()[0]["left"] == ["webhook-0"]


def test_a_missing_helper_is_said(visor):
    v = visor(SEIVISOR_NET="/nonexistent/helper", SEIVISOR_WEBHOOKS="http://127.0.0.1:1/",
              SEIVISOR_PAGE_WAIT="300ms")
    v.genesis("exit 72")
    assert v.run() == 72
    assert "cannot start /nonexistent/helper" in v.logged()


def test_a_killed_helper_is_started_again(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_STATUS_POLL="30ms")
    v.genesis("note up; forever")
    web.healthy(1)
    v.start()
    wait_for(lambda: web.gets > 3)
    for _ in range(3):
        pid = helper_pid(v)
        os.kill(pid, signal.SIGKILL)
        before = web.gets
        wait_for(lambda: web.gets > before + 2 and helper_pid(v) not in (None, pid))
    assert v.status()["state"] == "Healthy"
    v.stop()


def helper_pid(v):
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                text = file.read()
        except OSError:
            continue
        if "(seivisor-net)" in text and text.rsplit(")", 1)[1].split()[1] == str(v.process.pid):
            return int(pid)
    return None


def test_the_helper_ends_with_its_supervisor(visor, web):
    v = visor(SEIVISOR_STATUS_URL=web.url, SEIVISOR_STATUS_POLL="30ms")
    v.genesis("note up; forever")
    web.healthy(1)
    v.start()
    pid = wait_for(lambda: helper_pid(v))
    v.process.kill()
    v.wait()
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 5)


# ---- metrics ------------------------------------------------------------------------------------

def get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_metrics_status_and_health_over_http(visor):
    port = free_ports(1)[0]
    v = visor(SEIVISOR_METRICS_LISTEN=f"127.0.0.1:{port}", SEIVISOR_HOLD="wait")
    v.genesis(f'note up; {HALTED}; exit 72')
    v.start()
    v.until_trace("up")
    url = f"http://127.0.0.1:{port}"

    def answers(path, code):
        try:
            return get(url + path)[0] == code
        except OSError:
            return False

    wait_for(lambda: answers("/healthz", 200))
    text = get(url + "/metrics")[1]
    assert "seivisor_daemon_up 1\n" in text and "# TYPE seivisor_held gauge" in text
    assert json.loads(get(url + "/status")[1])["state"] == "Running"
    with open(v.path("stop"), "w", encoding="utf-8"):
        pass
    wait_for(lambda: answers("/healthz", 503))
    wait_for(lambda: "seivisor_held 1\n" in get(url + "/metrics")[1])
    assert "seivisor_halt_reason 72\n" in get(url + "/metrics")[1]
    os.kill(helper_pid(v), signal.SIGKILL)
    wait_for(lambda: answers("/healthz", 503))
    v.stop()
