"""An event whose attendees grow while no webhook tells of them is told, with the switch."""

from __future__ import annotations

import pytest
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.reconcile_places import REPORT, Places, finished, on_sqlite

from regbridge.alerts.alert import Alert
from regbridge.alerts.causes import find_alerts
from regbridge.models import ReceiptKind
from regbridge.store.passes import reopen_pass
from regbridge.testing.payloads import SUMMIT


@pytest.fixture
def places(bare_ledger: Ledger) -> Places:
    return Places(bare_ledger)


def untold(places: Places) -> list[Alert]:
    ledger = places.ledger
    clients = {name: pipeline.client for name, pipeline in ledger.pipelines.items()}
    found = find_alerts(ledger.store, clients, ledger.clock.now, {})
    return [alert for alert in found if alert.cause.startswith("untold")]


def test_the_integration_is_named_when_nothing_arrives_at_all(places: Places) -> None:
    places.wait(10)
    places.account.put(1, "A")
    places.account.put(2, "B")

    places.wait()

    [alert] = untold(places)
    assert alert.subject == "apap: no webhook comes from the event conference"
    assert "2 registrations at Cvent since" in alert.text
    assert "They were sent" in alert.text
    assert "Push API" in alert.text
    assert "whether the integration is active" in alert.text
    assert places.companies() == ["A", "B"]


def test_the_events_own_switch_is_named_when_others_do_arrive(places: Places) -> None:
    places.wait(10)
    places.account.put(1, "A")
    other = dict(places.account.put(9, "elsewhere"))
    del places.account.people[9]
    places.tell({**other, "eventStub": SUMMIT})

    places.wait()

    [alert] = untold(places)
    assert "this event's own switch" in alert.text


def test_one_lost_webhook_among_others_is_no_silence(places: Places) -> None:
    places.wait(10)
    places.account.put(1, "A")
    places.tell(places.account.put(2, "B"))

    places.wait()

    assert places.companies() == ["A", "B"]
    assert untold(places) == []


def test_who_registered_before_the_first_pass_is_no_silence(places: Places) -> None:
    places.account.put(1, "A")

    places.wait(10)

    assert places.companies() == ["A"]
    assert untold(places) == []


def test_the_next_pass_tells_it_again_only_if_more_came(places: Places) -> None:
    places.wait(10)
    places.account.put(1, "A")
    places.wait()
    first = untold(places)
    places.wait()
    assert untold(places) == []
    places.account.put(2, "B")

    places.wait()

    assert [alert.cause for alert in untold(places)] == [alert.cause for alert in first]
    assert untold(places)[0].about > first[0].about


def test_what_reconciling_sends_is_no_sign_of_life(places: Places) -> None:
    places.wait(10)
    for number in range(1, 4):
        places.account.put(number, "A")
        places.wait()

    kinds = {row.kind for row in places.ledger.receipts()}
    assert kinds == {ReceiptKind.RECONCILE}
    assert len(untold(places)) == 1


@on_sqlite
def test_what_was_told_before_is_no_sign_of_life(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.account.put(2, "B")

    places.wait()

    assert len(untold(places)) == 1


@on_sqlite
def test_who_only_reports_is_told_how_to_send_and_nothing_while_that_is_done(
    places: Places,
) -> None:
    places.configure(REPORT)
    places.wait(10)
    places.account.put(1, "A")
    places.wait()
    [alert] = untold(places)
    assert "Send them: `reconcile --fix`." in alert.text

    row, now = finished(places)[-1], places.ledger.clock.now
    places.ledger.store.write(lambda c: reopen_pass(c, row, now, overwrites=False))

    assert untold(places) == []
