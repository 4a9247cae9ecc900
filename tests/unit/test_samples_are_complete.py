"""Every sample payload has all its files, every case has a sample."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from regbridge import Kind, MalformedMessageError
from regbridge.message import Revision, read_envelope, read_revisions
from regbridge.testing.samples import Sample, read_samples, rounds

FOLDER = Path(__file__).parents[2] / "sample_payloads"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and "--" in path.name)

CASES = {
    "registered": "InviteeOrGuestAccepted--registered",
    "modified": "InviteeOrGuestModified--modified",
    "cancelled": "InviteeOrGuestCancelled--cancelled",
    "guest": "InviteeOrGuestAccepted--guest",
    "substitution": "InviteeSubstitutedInAnEvent--substitution",
    "abandoned": "InviteeAbandonedRegistrationInAnEvent--abandoned",
    "a sync": "AttendeeManualSynced--sync",
    "a contact message": "ContactOptedOut--contact",
    "a session message": "SessionManualSynced--session",
    "an unknown event type": "LeadScanned--unknown",
    "the same message twice": "InviteeOrGuestAccepted--same-message-twice",
    "a change": "InviteeOrGuestModified--first-change",
    "a second change on that day": "InviteeOrGuestModified--second-change-same-day",
    "a malformed body": "Malformed--not-json",
}


@cache
def samples() -> dict[str, Sample]:
    return {sample.name: sample for sample in read_samples(FOLDER)}


def revisions(sample: Sample) -> list[Revision]:
    return list(read_revisions(read_envelope(sample.body), {}))


def record(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(samples()[name].body)["message"][0]
    return fields


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_a_sample(case: str) -> None:
    assert CASES[case] in samples()


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_lacks_a_file(name: str) -> None:
    missing = [
        file
        for file in ("request.json", "headers.json", "expected.json")
        if not (FOLDER / name / file).is_file()
    ]
    assert not missing


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_has_expected_records_exactly_when_something_is_delivered(name: str) -> None:
    sample = samples()[name]
    delivered = sum(ending.state == "delivered" for ending in sample.expected.registrations)
    assert sum(len(records) for records in sample.records.values()) == delivered
    assert all(sample.records.values())


@pytest.mark.parametrize("name", sorted(set(NAMES) - {CASES["a malformed body"]}))
def test_every_record_of_a_sample_has_an_expected_ending(name: str) -> None:
    sample = samples()[name]
    assert sample.expected.status == 200
    sent = len(revisions(sample)) * sample.expected.send
    assert len(sample.expected.registrations) == sent
    event_type, _, _ = name.partition("--")
    assert read_envelope(sample.body).event_type == event_type


def test_the_malformed_body_is_refused() -> None:
    sample = samples()[CASES["a malformed body"]]
    assert (sample.expected.status, sample.expected.registrations) == (400, ())
    with pytest.raises(MalformedMessageError):
        read_envelope(sample.body)


@pytest.mark.parametrize("name", NAMES)
def test_headers_are_cvents_and_hold_no_token(name: str) -> None:
    headers = samples()[name].headers
    assert set(headers) == {"Request-ID", "User-Agent", "Authorization", "Content-Type"}
    assert headers["User-Agent"] == "Cvent-Webhooks"
    assert headers["Authorization"] == "<token>"


def test_every_request_has_an_id_of_its_own() -> None:
    assert len({sample.headers["Request-ID"] for sample in samples().values()}) == len(samples())


def test_the_cancelled_registration_names_its_invitee_in_the_orders_alone() -> None:
    assert "inviteeStub" not in record(CASES["cancelled"])
    (revision,) = revisions(samples()[CASES["cancelled"]])
    assert revision.invitee_stub


def test_the_modified_registration_is_known_by_its_shape() -> None:
    (registered,) = revisions(samples()[CASES["registered"]])
    (modified,) = revisions(samples()[CASES["modified"]])
    (substituted,) = revisions(samples()[CASES["substitution"]])
    assert registered.subject == modified.subject == substituted.subject
    assert modified.kind is Kind.REGISTRATION


def test_the_two_changes_differ_in_the_envelope_alone() -> None:
    first, second = (
        json.loads(samples()[CASES[case]].body)
        for case in ("a change", "a second change on that day")
    )
    assert first["message"] == second["message"]
    assert first["messageStub"] != second["messageStub"]
    assert first["messageTime"][:10] == second["messageTime"][:10]
    assert first["messageTime"] < second["messageTime"]


def test_only_messages_that_belong_together_share_a_registrant() -> None:
    rounds_of: dict[str, list[int]] = {}
    for number, together in enumerate(rounds(list(samples().values()))):
        for sample in together:
            if sample.expected.status == 200:
                for revision in revisions(sample):
                    rounds_of.setdefault(revision.subject or sample.name, []).append(number)
    assert all(len(set(found)) == len(found) for key, found in rounds_of.items() if ":" in key)


def test_a_sample_comes_in_a_later_round_than_the_one_it_follows() -> None:
    round_of = {
        sample.name: number
        for number, together in enumerate(rounds(list(samples().values())))
        for sample in together
    }
    assert set(round_of) == set(samples())
    followers = [sample for sample in samples().values() if sample.expected.after]
    assert len(followers) == 3
    assert all(round_of[s.name] == round_of[s.expected.after] + 1 for s in followers)


def test_a_sample_after_one_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="InviteeOrGuestModified--modified"):
        rounds([samples()[CASES["modified"]]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    name = CASES["registered"]
    shutil.copytree(FOLDER / name, tmp_path / name)
    return tmp_path / name


def test_a_sample_without_its_headers_is_not_read(folder: Path) -> None:
    (folder / "headers.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"headers\.json"):
        read_samples(folder.parent)


def test_a_misspelt_key_of_expected_json_is_refused(folder: Path) -> None:
    (folder / "expected.json").write_text('{"status": 200, "afterr": ""}', encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match="afterr"):
        read_samples(folder.parent)
