"""What strangers wrote is shown as text, and no parameter breaks the list of registrations."""

from __future__ import annotations

import pytest
from tests.integration.console.console_registrations import Console, console, console_on

__all__ = ["console", "console_on"]

FIELDS = ("search", "client", "target", "event", "state", "reason", "from", "to")
CHOICES = ("client", "target", "event", "state", "from", "to")
PATHS = ("/console/registrations", "/console/registrations.csv")
NONSENSE = [
    "' OR 1=1 --",
    "'; DROP TABLE registrations; --",
    '"><script>alert(1)</script>',
    "%",
    "%_%",
    "\\",
    "\0",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe",
    "\u202e\u2066",
    "9" * 500,
    "-1",
    "1e309",
    "{{ 7 * 7 }}",
    "{}{0.__class__}",
    "\r\nSet-Cookie: a=b",
    "a" * 1000,
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", FIELDS)
def test_nonsense_in_a_field_finds_nothing_or_is_refused_and_changes_nothing(
    console_on: Console, path: str, name: str
) -> None:
    console_on.add("Ada Byron")

    for value in NONSENSE:
        view = console_on.get(path, **{name: value})

        meant = name not in CHOICES or value == "\0"
        assert view.status == (200 if meant else 400), value
        assert "<script>alert" not in view.text
        assert "Set-Cookie" not in view.headers
        if view.status == 200 and path.endswith("registrations") and value != "\0":
            assert view.names == [], value
    assert console_on.count() == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_value_that_is_too_long_is_refused_in_words(console: Console, path: str) -> None:
    for name in FIELDS:
        view = console.get(path, **{name: "x" * 1001})

        assert view.status == 400
        assert f"{name} is too long; write 1,000 characters at most." in view.text


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_link_of_nowhere_is_refused(console: Console, name: str) -> None:
    for value in (
        "x",
        "-1",
        "1-2",
        "1-2-3-4",
        "1.5",
        "9" * 19,
        "1' OR 1=1",
        "\u0661",
        "1-2-",
        "--",
    ):
        view = console.get(**{name: value})

        assert view.status == 400, value
        assert "This is no link of this page" in view.text


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_link_to_where_nothing_is_shows_a_page(console_on: Console, name: str) -> None:
    console_on.add("Ada Byron")

    for query in ({}, {"target": "crm"}, {"search": "Ada"}, {"from": "2027-01-01"}):
        for value in ("0", "9" * 18, "0-0-0", f"{'9' * 18}-{'9' * 18}-{'9' * 9}"):
            assert console_on.get(**{name: value}, **query).status == 200, (query, value)


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_time_that_is_none_is_refused_with_an_example(console: Console, name: str) -> None:
    for value in ("soon", "2027-13-01", "2027-02-30", "0000-00-00", "2027-01-15T25:00"):
        view = console.get(**{name: value})

        assert view.status == 400, value
        assert f"{name} is no time; write one in UTC, as 2026-11-28" in view.text


def test_any_time_of_the_calendar_is_one(console_on: Console) -> None:
    for value in ("0001-01-01", "9999-12-30", "2027-01-15T12:00:59.123Z"):
        assert console_on.get(from_=value, to=value).status == 200


def test_a_name_that_is_nearly_right_is_told_the_right_one(console: Console) -> None:
    view = console.get(client="acmee")

    assert view.status == 400
    assert "There is no such client; did you mean 'acme'?" in view.page.words


def test_what_a_field_held_is_in_no_answer_that_refuses_it(console: Console) -> None:
    assert "Ada Byron" not in console.get(client="Ada Byron").text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("</bdi></td><h1>x", "</bdi></td><h1>x"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
        ("two\nlines", "two lines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("", "(no name)"),
    ],
)
def test_a_hostile_name_is_text_within_its_own_direction(
    console: Console, name: str, shown: str
) -> None:
    console.add(name, reason=name, field=name, state="parked")

    view = console.get()

    assert view.names == [shown]
    assert view.page.tags.count("script") == 1
    assert view.page.tags.count("bdi") == 1
    assert view.page.tags.count("h1") == 1


def test_a_name_of_ten_thousand_characters_is_cut(console: Console) -> None:
    console.add("x" * 10_000, reason="y" * 10_000, event_stub="z" * 10_000)

    [row] = console.get().page.rows

    assert row[1] == "x" * 199 + "\u2026"
    assert all(len(cell) <= 200 for cell in row)


def test_a_hostile_search_stays_in_its_field(console: Console) -> None:
    text = '"><img src=x onerror=alert(1)>'

    view = console.get(search=text, reason=text)

    assert view.page.fields["search"] == text
    assert "img" not in view.page.tags


def test_a_field_that_nobody_knows_and_one_that_comes_twice_are_taken_lightly(
    console: Console,
) -> None:
    console.add("Ada Byron")

    assert console.get(colour="red").names == ["Ada Byron"]
    assert console.get("/console/registrations?client=acme&client=acme").names == ["Ada Byron"]
    assert console.get("/console/registrations?client=&state=&from=").names == ["Ada Byron"]
