"""What monitors and load balancers are told: only a host that cannot take messages is out."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs
from tests.integration.watched.conftest import BASE, CLIENT, Site, ask, send, until

from regbridge.errors import StoreUnavailableError
from regbridge.host import Host
from regbridge.pulse import Pulse
from regbridge.readiness import Crew
from regbridge.store.intake import Intake
from regbridge.store.pauses import Cause, pause, pause_worker
from regbridge.store.tables import receipts
from regbridge.testing.payloads import encode, live, registrant, sync

_HOUR = 3_600_000


def ready(host: Host) -> tuple[int, Any]:
    answer = ask(host, "/health/ready")
    return answer.status, answer.json


def gone(*_: Any, **__: Any) -> Any:
    raise StoreUnavailableError("connection to 10.0.0.9 refused")


def test_a_host_that_works_is_live_and_ready(site: Site) -> None:
    host = site.start()
    send(host, encode(sync(3)))

    status, found = ready(host)

    assert (status, found["status"], found["reasons"]) == (200, "ok", [])
    assert found["store"] and found["takes_messages"]
    assert found["worker"]["threads"] == 6
    assert not (found["worker"]["dead"] or found["worker"]["stuck"] or found["worker"]["paused"])
    assert found["oldest_pending"]["counted_at"] is not None
    live_answer = ask(host, "/health/live")
    assert (live_answer.status, live_answer.json) == (200, {"status": "ok"})


def test_a_host_that_only_receives_has_no_worker_to_tell_of(site: Site) -> None:
    status, found = ready(site.start(worker=False))

    assert (status, found["status"], found["worker"]) == (200, "ok", None)


def test_without_its_ledger_a_host_is_live_and_not_ready_and_nobody_learns_where_it_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = site.start()
    monkeypatch.setattr(host.store, "ping", gone)

    with capture_logs() as logs:
        found = [ready(host) for _ in range(3)]

    assert {status for status, _ in found} == {503}
    assert found[0][1]["status"] == "unavailable"
    assert found[0][1]["reasons"] == ["the ledger does not answer; the log says why"]
    assert "10.0.0.9" not in str(found)
    changes = [log for log in logs if log["event"] == "readiness changed"]
    assert [log["error"] for log in changes] == ["connection to 10.0.0.9 refused"]
    assert ask(host, "/health/live").status == 200


def test_a_ledger_that_can_be_read_and_not_written_makes_it_not_ready_until_it_can_be(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = site.start(worker=False)
    with monkeypatch.context() as full:
        full.setattr(host.store, "write", gone)
        full.setattr(host.store, "write_hastily", gone)
        send(host, encode(sync(1)))
        status, found = ready(host)

    assert (status, found["store"], found["takes_messages"]) == (503, True, False)
    assert found["reasons"] == ["the ledger does not take messages; the log says why"]
    # Nobody sends a message to a host that is out, so it has to find out by itself.
    assert ready(host)[0] == 200


def test_when_the_thread_that_stores_has_ended_it_is_not_ready(site: Site) -> None:
    host = site.start(worker=False)
    intake: Any = host._intake
    assert isinstance(intake, Intake)
    intake.close()

    assert ready(host)[0] == 503


def test_an_outage_of_a_target_does_not_take_a_host_from_cvent(site: Site) -> None:
    host = site.start(BASE + "  ready: {pending_minutes: 30}\n")
    now = host.counting.clock()
    until_later = now + 24 * _HOUR
    host.store.write(
        lambda c: pause(c, "acme", "crm", Cause.OUTAGE, "it is down", until_later, now)
    )
    send_without_waiting(host, encode(live("InviteeOrGuestAccepted", registrant(1))))
    host.store.write(lambda c: c.execute(update(receipts).values(received_at=now - 2 * _HOUR)))
    host.counting.count(host._waiting)

    status, found = ready(host)

    assert (status, found["status"], found["takes_messages"]) == (200, "degraded", True)
    assert found["reasons"] == ["the oldest pending registration has waited for 2 h"]
    assert found["oldest_pending"]["limit_seconds"] == 1800
    assert found["oldest_pending"]["seconds"] >= 7200


def send_without_waiting(host: Host, message: bytes) -> None:
    worker, host._worker = host._worker, None
    send(host, message)
    host._worker = worker


def test_a_client_that_does_not_start_degrades_a_host(site: Site) -> None:
    wrong = CLIENT.replace("acme", "other").replace("use: files", "use: filez")
    (site.folder / "clients/other.yaml").write_text(wrong, encoding="utf-8")

    status, found = ready(site.start())

    assert (status, found["status"], found["refused"]) == (200, "degraded", ["other"])
    assert found["reasons"] == ["the client other does not start; `regbridge check` says why"]


def test_a_worker_that_rests_is_shown_and_is_nothing_amiss(site: Site) -> None:
    host = site.start()
    host.store.write(lambda c: pause_worker(c, "a new server", host.counting.clock()))

    status, found = ready(host)

    assert (status, found["status"], found["worker"]["paused"]) == (200, "ok", True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_of_the_worker_that_ends_is_noticed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = site.start()
    assert host._worker
    [lane] = [each for each in host._worker._lanes if each.step == "deliver"]

    def end() -> bool:
        raise SystemExit

    monkeypatch.setattr(lane, "run", end)
    host._worker.wake("deliver")
    until(lambda: ready(host)[1]["worker"]["dead"] == ["deliver acme crm"])

    status, found = ready(host)

    assert (status, found["status"]) == (200, "degraded")
    assert found["reasons"] == [
        "a thread of the worker has ended: deliver acme crm; restart the service"
    ]


def test_a_thread_that_is_at_one_batch_for_too_long_is_noticed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The shortest time that counts as stuck is far above what a test takes, and below any batch.
    host = site.start(BASE + "  ready: {busy_minutes: 0.0001}\n")
    assert host._worker
    [lane] = [each for each in host._worker._lanes if each.step == "deliver"]
    released, begun = threading.Event(), threading.Event()

    def hang() -> bool:
        begun.set()
        released.wait(30)
        return False

    monkeypatch.setattr(lane, "run", hang)
    host._worker.wake("deliver")
    assert begun.wait(30)
    until(lambda: "deliver acme crm" in ready(host)[1]["worker"]["stuck"])

    status, found = ready(host)
    released.set()

    assert (status, found["status"]) == (200, "degraded")
    assert found["worker"]["dead"] == []
    until(lambda: "deliver acme crm" not in ready(host)[1]["worker"]["stuck"])


def test_a_thread_is_stuck_only_while_it_is_at_one_batch() -> None:
    now = 100.0
    pulse = Pulse("deliver", "acme", "crm", threading.current_thread(), clock=lambda: now)
    with pulse.at_work():
        now += 61
        assert Crew([pulse], busy_seconds=60).stuck == ["deliver acme crm"]
    with pulse.at_work():
        assert Crew([pulse], busy_seconds=60).stuck == []
    now += 3600
    assert (pulse.busy_seconds, Crew([pulse], busy_seconds=60).stuck) == (0.0, [])
