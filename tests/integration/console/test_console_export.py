"""The CSV file of what a list shows."""

from __future__ import annotations

import csv
import io

import pytest
from tests.integration.console.console_registrations import (
    LOOK_PASSWORD,
    NOON,
    SECOND,
    SUMMIT,
    Console,
    View,
    console,
)

from regbridge.web.console import registrations as page

__all__ = ["console"]

EXPORT = "/console/registrations.csv"


def read(view: View) -> list[dict[str, str]]:
    text = view.body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_the_file_has_what_the_list_has_in_its_order(console: Console) -> None:
    console.add("Zoë Łuk", state="parked", field="email", reason="no address", confirmation="QT7")
    last = console.add("Ada Byron", NOON + SECOND, client="zeta", event_stub="")

    view = console.get(EXPORT)

    assert view.status == 200
    assert view.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert view.headers["Content-Disposition"] == 'attachment; filename="registrations.csv"'
    assert view.headers["Cache-Control"] == "no-store"
    assert view.body.startswith(b"\xef\xbb\xbf")
    assert view.body.endswith(b"\r\n")
    ada, zoe = read(view)
    assert (ada["registration"], ada["client"], ada["event"]) == (str(last), "zeta", "")
    assert zoe == {
        "registration": str(last - 1),
        "client": "acme",
        "name": "Zoë Łuk",
        "confirmation number": "QT7",
        "kind": "registration",
        "event": "Summit",
        "eventStub": SUMMIT,
        "state": "parked",
        "field": "email",
        "reason": "no address",
        "received at (UTC)": "2027-01-15 12:00:00",
    }
    assert read(console.get(EXPORT, order="oldest")) == [zoe, ada]


def test_the_link_of_a_list_saves_the_same_selection(console: Console) -> None:
    console.add_records([{"name": "yes", "state": "parked"}] * 60, NOON, first=1)
    console.add("no")

    view = console.get(console.get(state="parked").follow("Save these as CSV"))

    assert [row["name"] for row in read(view)] == ["yes"] * 60


def test_a_long_file_is_written_in_pieces_and_has_a_most(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.add_records([{"name": str(number)} for number in range(25)], NOON, first=1)
    monkeypatch.setattr(page, "_AT_ONCE", 4)
    assert [row["name"] for row in read(console.get(EXPORT))] == [str(n) for n in range(24, -1, -1)]

    monkeypatch.setattr(page, "MOST_EXPORTED", 10)
    assert [row["name"] for row in read(console.get(EXPORT))] == [str(n) for n in range(24, 14, -1)]


def test_an_export_is_in_the_audit_without_the_name_that_was_searched_for(console: Console) -> None:
    console.log_in(LOOK_PASSWORD)

    console.get(EXPORT, search="Ada Byron", client="acme", reason="Ada", from_="2027-01-15")

    said = ("exported", "registrations", "by search, client acme, by reason, from 2027-01-15")
    assert console.audit()[0] == said


def test_a_list_names_people_only_to_who_searches_and_that_is_in_the_audit(
    console: Console,
) -> None:
    console.add("Ada Byron")
    before = console.audit()

    assert "Ada Byron" not in console.get().text
    assert console.audit() == before
    assert "Ada Byron" in console.get(search="Ada Byron", client="acme").page.words
    assert console.audit()[0] == ("searched", "registrations", "by search, client acme")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("  +1", "'  +1"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ('a";"=1', 'a";"=1'),
        ("a\u202eb", "a\\u202eb"),
        ("two\nlines", "two lines"),
        ("\t=1", "\\t=1"),
    ],
)
def test_no_cell_runs_in_a_spreadsheet_or_begins_another(
    console: Console, name: str, cell: str
) -> None:
    console.add(name, reason=name, state="parked")

    [row] = read(console.get(EXPORT))

    assert row["name"] == cell
    assert row["reason"] == cell


def test_what_makes_no_sense_is_refused_before_anything_is_noted(console: Console) -> None:
    before = console.audit()

    view = console.get(EXPORT, state="lost")

    assert view.status == 400
    assert "There is no such state" in view.text
    assert "Content-Disposition" not in view.headers
    assert console.audit() == before
