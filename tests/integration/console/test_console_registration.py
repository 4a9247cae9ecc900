"""One registration in the console: its story, its records, and what can be done about it."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.integration.console.console_deeds import (
    ACT,
    HOSTILE,
    LOOK,
    NO_EMAIL,
    TOKEN,
    Bridge,
    delivering,
    parking,
    passwords,
    registered,
    running,
)

from regbridge.pipeline import Enrichment, Pipeline
from regbridge.store.forget import forget
from regbridge.store.purge import strip
from regbridge.testing import payloads

__all__ = ["delivering", "parking", "passwords"]

RORY = payloads.registrant(1, firstName="Rory", lastName="Wamle", email="rory@example.com")
CHANGED = RORY | {"lastName": "Wamle-Jones", "workCity": ""}
LATER = "2026-11-24T11:00:00.000Z"
DEEDS = {
    "retry": {},
    "ignore": {"why": "a test"},
    "correct": {"field": "nowhere", "value": "rory@work.example", "why": "she called"},
    "preview": {},
}


def state(bridge: Bridge, number: int = 1) -> str:
    [(found,)] = bridge.rows(f"SELECT state FROM registrations WHERE id = {number}")
    return str(found)


def told(bridge: Bridge, number: int = 1) -> str:
    page = bridge.actor.get(f"/registrations/{number}")
    assert page.status == 200
    return " ".join(page.text.split())


def test_the_story_says_what_came_what_became_of_it_and_how_long_it_took(
    delivering: Bridge,
) -> None:
    delivering.process(registered(RORY))
    delivering.process(registered(RORY), registered(CHANGED, LATER))

    page = told(delivering, 1)

    assert "InviteeOrGuestAccepted of 2026-11-24T10:00:00.000Z, endpoint CventReg" in page
    assert "enriched and mapped" in page
    assert re.search(r"> after \d+\.\d s<", page)
    assert ">duplicate</span> <span>the same change as " in page
    assert '<a href="/console/registrations/3">registration 3</a>' in page
    assert '<a href="/console/messages/1">' in page
    assert "Rory Wamle" in page


def test_what_changed_is_shown_of_what_came_and_of_each_record(delivering: Bridge) -> None:
    delivering.process(registered(RORY))
    delivering.process(registered(CHANGED, LATER))

    page = told(delivering, 2)

    came = page.partition("What changed at Cvent")[2]
    sent = page.partition("What differs from the record of registration 1")[2]
    for text in (came, sent.partition("</table>")[0]):
        assert '"Before"><bdi class="value">Wamle</bdi>' in text
        assert '"Now"><bdi class="value">Wamle-Jones</bdi>' in text
    assert '<td data-name="Field">workCity</td>' in came
    assert "What changed at Cvent" not in told(delivering, 1)


def test_a_superseded_one_leads_to_the_newer_one(parking: Bridge) -> None:
    parking.receive(registered(RORY), registered(CHANGED, LATER))
    parking.work()

    page = told(parking, 1)

    assert "superseded" in page
    assert '<a href="/console/registrations/2">registration 2</a> of the same registrant' in page
    assert 'action="/console/registrations/1/correct"' not in page


def test_who_looks_at_a_registration_is_in_the_audit(delivering: Bridge) -> None:
    delivering.process(registered(RORY))

    delivering.somebody(LOOK).get("/registrations/1")

    assert ("password", "looked at", "registration 1", "") in delivering.audit()


def test_what_is_parked_says_what_to_do(parking: Bridge) -> None:
    parking.process(registered(RORY))

    page = told(parking)

    assert "Email is required and has no value" in page
    assert "What to do: complete it at Cvent" in page
    assert "<code>regbridge correct</code>" in page


def test_the_field_at_fault_is_filled_in(parking: Bridge) -> None:
    parking.process(registered(RORY))
    assert 'list="names" value="nowhere"' in told(parking)

    parking.write("UPDATE registrations SET reason = 'the target says no'")
    parking.write("""UPDATE deliveries SET field = 'Email', record = '{"Email": "x"}'""")

    assert 'list="names" value="Email"' in told(parking)
    assert '<option value="registrations" selected>' in told(parking)


def test_a_corrected_value_is_kept_with_who_and_why_and_is_delivered(parking: Bridge) -> None:
    parking.process(registered(RORY))

    done = parking.actor.post("/registrations/1/correct", **DEEDS["correct"])
    parking.work()

    assert done.status == 303
    assert done.location.startswith("/console/registrations/1?done=corrected")
    assert "The value is corrected" in parking.actor.get(done.location[8:]).text
    assert state(parking) == "delivered"
    page = told(parking)
    assert "rory@work.example" in page
    assert "she called" in page
    # The audit names the field; the value and why stay where they can be forgotten.
    assert ("password", "corrected", "registration 1", "nowhere") in parking.audit()
    assert "she called" not in str(parking.audit())


def test_a_correction_may_be_json_and_of_one_target(parking: Bridge) -> None:
    parking.process(registered(RORY))

    parking.actor.post("/registrations/1/correct", **DEEDS["correct"])
    sent = {"target": "registrations", "field": "Status", "value": '{"a": [1]}', "as": "json"}
    done = parking.actor.post("/registrations/1/correct", why="so", **sent)
    parking.work()

    assert done.status == 303
    assert (
        '<td data-name="Field">Status.a</td><td data-name="Value"><bdi class="value">[1]'
        in told(parking)
    )
    texts = [each[3] for each in parking.audit() if each[1] == "corrected"]
    assert texts == ["registrations: Status", "nowhere"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"field": "", "value": "x", "why": "y"}, "name a field"),
        ({"field": "a" * 201, "value": "x", "why": "y"}, "name a field"),
        ({"field": "a", "value": "{", "as": "json", "why": "y"}, "is not JSON"),
        ({"field": "a", "value": "[" * 5_000, "as": "json", "why": "y"}, "is not JSON"),
        ({"field": "a", "value": "x", "why": " "}, "Say why"),
        ({"field": "a", "value": "x", "why": "y" * 501}, "Say why"),
        ({"field": "message.eventType", "value": "x", "why": "y"}, "not what Cvent sent"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    parking: Bridge, fields: dict[str, str], says: str
) -> None:
    parking.process(registered(RORY))

    page = parking.actor.post("/registrations/1/correct", **fields)

    assert page.status == 400
    assert says in page.text
    assert state(parking) == "parked"


def test_a_target_that_takes_no_record_of_it_cannot_be_corrected(parking: Bridge) -> None:
    parking.process(registered(RORY))

    page = parking.actor.post("/registrations/1/correct", target="crm", field="A", why="so")

    assert page.status == 409
    assert "is not for" in page.text


def test_a_retry_prepares_it_again(parking: Bridge) -> None:
    parking.process(registered(RORY))

    done = parking.actor.post("/registrations/1/retry")

    assert "Registration 1 will be tried again." in parking.actor.get(done.location[8:]).text
    assert state(parking) == "pending"
    assert ("password", "retried", "registration 1", "") in parking.audit()


def test_the_worker_takes_up_what_is_retried_at_once(tmp_path: Path, passwords: None) -> None:
    with running(tmp_path, NO_EMAIL) as bridge:
        bridge.process(registered(RORY))
        woken: list[tuple[str, str]] = []
        bridge.host._wake = lambda step, client: woken.append((step, client))  # type: ignore[method-assign]
        bridge.actor.post("/registrations/1/retry")

    assert ("prepare", "acme") in woken


def test_what_is_ignored_says_who_decided_it(parking: Bridge) -> None:
    parking.process(registered(RORY))

    unsaid = parking.actor.post("/registrations/1/ignore", why=" ")
    done = parking.actor.post("/registrations/1/ignore", why="a test")

    assert (unsaid.status, done.status) == (400, 303)
    assert "ignored by password: a test" in told(parking)
    assert state(parking) == "filtered"
    assert ("password", "ignored", "registration 1", "") in parking.audit()


@pytest.mark.parametrize("deed", ["retry", "ignore"])
def test_what_is_not_parked_is_left_alone_with_a_clear_message(
    delivering: Bridge, deed: str
) -> None:
    delivering.process(registered(RORY))

    page = delivering.actor.post(f"/registrations/1/{deed}", **DEEDS[deed])

    assert page.status == 409
    assert "registration 1 is delivered" in page.text
    assert state(delivering) == "delivered"
    assert [each for each in delivering.audit() if each[1] == "retried"] == []


@pytest.mark.parametrize("deed", ["retry", "correct", "ignore"])
def test_while_something_is_on_its_way_nothing_is_done_and_the_page_says_so(
    delivering: Bridge, deed: str
) -> None:
    delivering.process(registered(RORY))
    delivering.write("UPDATE registrations SET state = 'pending', lease = 'x', due_at = 9e15")

    page = delivering.actor.post(f"/registrations/1/{deed}", **DEEDS[deed])

    assert page.status == 409
    assert "Nothing was done" in page.text
    assert "at this moment" in told(delivering)


def test_a_preview_shows_what_each_target_would_get_and_sends_nothing(parking: Bridge) -> None:
    parking.process(registered(RORY))

    missing = parking.actor.post("/registrations/1/preview").text
    parking.actor.post("/registrations/1/correct", **DEEDS["correct"])
    before = parking.rows("SELECT * FROM registrations")
    page = parking.actor.post("/registrations/1/preview")

    assert "parked: Email is required" in missing
    assert page.status == 200
    assert '<bdi class="value">rory@work.example</bdi>' in page.text
    assert parking.rows("SELECT * FROM registrations") == before
    assert ("password", "previewed", "registration 1", "") in parking.audit()
    assert parking.actor.get("/registrations/1/preview").location == "/console/registrations/1"


def test_a_preview_of_an_older_one_says_so(delivering: Bridge) -> None:
    delivering.process(registered(RORY))
    delivering.process(registered(CHANGED, LATER))

    page = delivering.actor.post("/registrations/1/preview")

    assert "of the same registrant is newer" in page.text


PLUGIN = """
from regbridge import Plugin, RetryableError, hookimpl

class Fetched(Plugin):
    @hookimpl
    def enrich_registrations(self, registrations):
        if registrations[0].fields["firstName"] == "Nobody":
            raise RetryableError("Cvent does not answer")
        return [{"answers": {"member": "M-7"}} for _ in registrations]
"""


def test_a_preview_shows_what_enrichment_adds_or_why_it_cannot(
    tmp_path: Path, passwords: None
) -> None:
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "fetched.py").write_text(PLUGIN, encoding="utf-8")
    uses = ("  - cvent-token\n", "  - cvent-token\n  - fetched.py\n")
    with running(tmp_path, uses) as bridge:
        nobody = payloads.registrant(2, firstName="Nobody")
        bridge.process(registered(RORY), registered(nobody))

        found = bridge.actor.post("/registrations/1/preview").text
        failed = bridge.actor.post("/registrations/2/preview").text

    assert '<td data-name="Field">answers.member</td>' in found.partition("added</h2>")[2]
    assert '<bdi class="value">M-7</bdi>' in found
    assert "not enriched: Cvent does not answer" in failed


def test_one_preview_at_a_time_is_made(tmp_path: Path, passwords: None) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def wait(pipeline: Pipeline, registrations: Sequence[Any], timings: Any = None) -> Enrichment:
        begun.set()
        assert goes_on.wait(30)
        return Enrichment(registrations, [], [])

    with running(tmp_path) as bridge, ThreadPoolExecutor() as others:
        bridge.process(registered(RORY))
        second = bridge.somebody(ACT)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Pipeline, "enrich", wait)
            first = others.submit(bridge.actor.post, "/registrations/1/preview")
            assert begun.wait(30)
            busy = second.post("/registrations/1/preview")
            goes_on.set()
            assert first.result(30).status == 200

        assert busy.status == 409
        assert "another preview is being made" in busy.text
        assert second.post("/registrations/1/preview").status == 200


def test_a_preview_needs_the_client_to_run(delivering: Bridge) -> None:
    delivering.process(registered(RORY))
    delivering.write("UPDATE registrations SET client = 'gone'")

    page = delivering.actor.post("/registrations/1/preview")

    assert page.status == 409
    assert "the client gone is not running here" in page.text
    assert "registrations/1/preview" not in told(delivering)


@pytest.mark.parametrize("deed", DEEDS)
def test_only_who_may_act_acts_and_only_by_a_form_of_their_own(parking: Bridge, deed: str) -> None:
    parking.process(registered(RORY))
    path, fields = f"/registrations/1/{deed}", DEEDS[deed]
    looker, other = parking.somebody(LOOK), parking.somebody()

    refused = [
        looker.post(path, **fields),
        parking.actor.send(path, fields),
        parking.actor.post(path, token="", **fields),
        parking.actor.post(path, token=looker.token(), **fields),
    ]

    assert [page.status for page in refused] == [403, 403, 403, 403]
    assert other.send(path, fields).location.startswith("/console/login?to=")
    assert state(parking) == "parked"
    assert {each[1] for each in parking.audit()} <= {"logged in"}
    assert "<form" not in looker.get("/registrations/1").text.partition("<main")[2]


def test_the_curl_line_posts_the_record_again_without_giving_the_token_away(
    delivering: Bridge,
) -> None:
    delivering.process(registered(RORY | {"company": "O'Dea \u202e & \x7f \U000e0001"}))

    page = delivering.actor.get("/registrations/1").text

    line = unescape(page.partition('<pre id="curl"')[2].partition(">")[2].partition("</pre>")[0])
    words = shlex.split(line)
    assert TOKEN not in page
    assert "Authorization: $TOKEN" in words
    assert words[3] == delivering.host.url + "/cvent/acme/CventReg"
    message = json.loads(words[-1])
    assert message["message"][0]["company"] == "O'Dea \u202e & \x7f \U000e0001"
    assert '<button type="button" data-copy="curl" hidden>' in page
    delivering.process(words[-1].encode())
    assert [row[0] for row in delivering.rows("SELECT state FROM registrations ORDER BY id")] == [
        "delivered",
        "unchanged",
    ]


@pytest.mark.parametrize("number", ["7", "0", "-1", "99999999999999999999", "x"])
def test_a_number_that_nothing_has_is_a_page_that_says_so(delivering: Bridge, number: str) -> None:
    for page in (
        delivering.actor.get(f"/registrations/{number}"),
        delivering.actor.post(f"/registrations/{number}/retry"),
        delivering.actor.post(f"/registrations/{number}/preview"),
    ):
        assert page.status == 404
        assert "<h1>Not Found</h1>" in page.text
    assert {each[1] for each in delivering.audit()} == {"logged in"}


def test_hostile_names_and_reasons_are_text(parking: Bridge) -> None:
    long = "x" * 10_000
    record = RORY | {"firstName": HOSTILE, "lastName": long, HOSTILE: {HOSTILE: HOSTILE}}
    parking.process(registered(record))

    parking.actor.post("/registrations/1/correct", field=f"a{HOSTILE}", value=HOSTILE, why=HOSTILE)
    parking.work()
    parking.actor.post("/registrations/1/ignore", why=HOSTILE)
    pages = told(parking) + parking.actor.post("/registrations/1/preview").text

    assert "<script>alert" not in pages
    assert "\u202e" not in pages
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e=cmd()" in pages
    assert long in pages


def test_of_a_forgotten_person_only_that_they_came_is_shown(delivering: Bridge) -> None:
    delivering.process(registered(RORY))
    delivering.process(registered(CHANGED, LATER))
    [(registrant,)] = delivering.rows("SELECT id FROM registrants")
    now = delivering.host._clock()
    delivering.host.store.write(lambda c: forget(c, {registrant: []}, "anna", "asked", now))

    page = told(delivering, 2)

    assert "nothing about them is kept" in page
    assert not [each for each in ("Rory", "Wamle", "rory@example.com", "curl") if each in page]
    for deed in DEEDS:
        refused = delivering.actor.post(f"/registrations/2/{deed}", **DEEDS[deed])
        assert refused.status == 409
        assert "removed" in refused.text or "filtered" in refused.text or "purged" in refused.text


def test_of_a_purged_registration_what_is_kept_is_shown(parking: Bridge) -> None:
    parking.process(registered(RORY))
    parking.actor.post("/registrations/1/correct", **DEEDS["correct"])
    parking.work()
    parking.process(registered(CHANGED, LATER))
    now = parking.host._clock()
    parking.host.store.write(lambda c: strip(c, [1], now))

    page = told(parking, 1)

    assert "The personal data of this registration was removed" in page
    assert "The record was removed." in page
    assert '<span class="quiet">removed</span>' in page  # the corrected value
    assert "delivered" in page
    assert not [each for each in ("Rory", "rory@work.example", "curl") if each in page]
    # The next one has nothing to be compared with.
    assert "What changed at Cvent" not in told(parking, 2)


def test_a_record_that_names_nobody_has_a_page_too(delivering: Bridge) -> None:
    nobody: dict[str, Any] = {key: value for key, value in RORY.items() if key != "inviteeStub"}
    delivering.process(payloads.encode(payloads.message("AttendeeManualSynced", [nobody, 3])))

    assert "inviteeStub is missing" in told(delivering, 1)
    assert "the record cannot be read" in told(delivering, 2)


def test_of_a_registrant_with_very_many_revisions_the_newest_are_told(
    delivering: Bridge,
) -> None:
    times = [f"2026-11-24T{hour:02}:{minute:02}:00.000Z" for hour in (1, 2) for minute in range(60)]
    delivering.process(*[registered(RORY, time) for time in times])

    page = told(delivering, 1)

    assert "Older registrations of this registrant are left out." in page
    assert "<b>registration 1</b>" in page
    assert "registration 120</a>" in page
    assert "registration 5</a>" not in page
