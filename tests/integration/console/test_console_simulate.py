"""In the demo, a newcomer sends sample messages by a button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.integration.console.conftest import Browser

from regbridge.demo import Stage, demo_stage, wait_settled
from regbridge.store.report import count_registrations
from regbridge.store.tables import receipts


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with demo_stage(tmp_path_factory.mktemp("demo")) as stage:
        yield stage


def test_a_button_sends_a_sample_as_a_new_message_each_time(stage: Stage) -> None:
    assert stage.host.console is not None
    browser = Browser(stage.host.url)
    page = browser.get(f"/enter?link={stage.host.console.one_time_link()}")
    assert 'href="/console/simulate"' in page.text
    shown = browser.get("/simulate").text
    assert "InviteeOrGuestAccepted--registered" in shown
    token = re.search(r'name="token" value="(\w+)"', shown)
    assert token is not None
    form = {"token": token[1], "client": "example", "sample": "InviteeOrGuestAccepted--registered"}

    for _ in range(2):
        assert "The endpoint answered 200." in browser.post("/simulate/send", form).text

    ids = stage.host.store.read(lambda c: list(c.scalars(select(receipts.c.id))))
    assert wait_settled(stage.host, ids)
    rows = stage.host.store.read(count_registrations)
    states = {row.state: row.count for row in rows if row.client == "example"}
    assert sum(states.values()) == 2
    assert "duplicate" not in states


@pytest.mark.parametrize("wrong", [{"client": "nobody"}, {"sample": "../../etc/passwd"}])
def test_what_cannot_be_sent_is_refused(stage: Stage, wrong: dict[str, str]) -> None:
    assert stage.host.console is not None
    browser = Browser(stage.host.url)
    browser.get(f"/enter?link={stage.host.console.one_time_link()}")
    form = {
        "token": browser.token("/simulate"),
        "client": "example",
        "sample": "Malformed--not-json",
    }

    assert browser.post("/simulate/send", form | wrong).status_code == 400


def test_the_demos_password_is_in_no_file(stage: Stage) -> None:
    folder: Path = stage.host.file.folder

    assert "password: {env: REGBRIDGE_DEMO_CONSOLE_PASSWORD}" in (folder / "base.yaml").read_text(
        encoding="utf-8"
    )
