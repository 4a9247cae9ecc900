"""A newcomer finds one registrant, reads why they are parked, mends it, and sees it delivered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from regbridge.demo import Stage, wait_settled
from regbridge.store.tables import receipts
from regbridge.testing.payloads import encode, live, registrant

NUMBER = 4_711
LOOKS = 40


def send(stage: Stage, **fields: Any) -> dict[str, Any]:
    """Have somebody register at the example client, and wait until that is settled."""
    record = registrant(NUMBER, **fields)
    message = encode(live("InviteeOrGuestAccepted", record))
    stage.learn(message)
    with stage.sender("example") as sender:
        assert sender.send(message).status == 200
    newest = stage.host.store.read(lambda c: c.scalar(select(func.max(receipts.c.id))))
    assert newest is not None
    assert wait_settled(stage.host, [newest])
    return record


def test_a_newcomer_finds_out_why_somebody_is_parked_and_mends_it(visit: Any, stage: Stage) -> None:
    record = send(stage, lastName="")
    page = visit()

    page.get_by_role("link", name="Registrations", exact=True).click()
    page.get_by_label("Confirmation number, e-mail, full name or id").fill(record["email"])
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row").filter(has_text="parked").first
    assert record["firstName"] in row.inner_text()
    row.get_by_role("link").first.click()

    assert "LastName is required and has no value" in page.locator("main").inner_text()
    page.get_by_label("Field", exact=True).fill("lastName")
    page.get_by_label("Value", exact=True).fill("Bridgewater")
    page.get_by_label("Why").first.fill("the member called")
    page.get_by_role("button", name="Correct and retry").click()

    assert "The value is corrected" in page.get_by_role("status").inner_text()
    for _ in range(LOOKS):
        if page.locator("main .state").first.inner_text() == "delivered":
            break
        page.wait_for_timeout(500)
        page.reload()
    assert page.locator("main .state").first.inner_text() == "delivered"
    text = page.locator("main").inner_text()
    assert "Bridgewater" in text
    assert "the member called" in text


def test_what_somebody_does_is_in_the_audit(visit: Any, stage: Stage) -> None:
    send(stage, lastName="")
    page = visit("/parked")
    page.get_by_role("button", name="Retry").first.click()

    page.goto(f"{stage.host.url}/console/audit")

    assert "retried" in page.get_by_role("row").nth(1).inner_text()
    assert "one-time link" in page.get_by_role("row").nth(1).inner_text()
