"""`files` reads back: what is listed of a file, and what a record looks like there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Delivered, Record, RejectedError, RetryableError, Target
from regbridge_files.deliver import Files
from regbridge_files.formats import Csv, JsonLines

Open = Callable[[str], Files]
BOTH = pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
HAND = [
    b"a note",
    b"[1]",
    b"{}",
    b"{",
    b'{"_delivery":"7"}',
    b'{"_delivery":true}',
    b'{"_delivery":1.0}',
    b'{"_delivery":7,"a":NaN}',
    b'{"_delivery":7,"a":1e999}',
    b'{"_delivery":7,"a":"\\ud800"}',
    b"[" * 100_000,
    b"\xff\xfe",
    b'"Kim","x","y"',
    b'7,"x"',
    b'7,"x","y","z"',
    b'7,"x","y',
    b'7,"x"y,"z"',
    b'7,x"y,z',
    b"--",
]


@pytest.fixture
def opened(plugin: Callable[..., Any], tmp_path: Path) -> Open:
    def build(name: str = "out.jsonl") -> Files:
        target = Target("archive", map={"First": "a", "Last": "b"})
        files = plugin(Files, {"path": name}, target=target, folder=tmp_path)
        assert isinstance(files, Files)
        files.page_size = 3
        return files

    return build


def record(number: int, first: Any = "Rory", last: Any = "Wamle") -> Record:
    return Record({"First": first, "Last": last}, delivery=number)


def listed(files: Files) -> list[Delivered]:
    found: list[Delivered] = []
    page = ""
    while True:
        answer = files.list_delivered(page)
        found += answer.records
        page = answer.next_page
        if not page:
            return found


@BOTH
def test_each_line_is_listed_once_over_all_pages(opened: Open, name: str) -> None:
    files = opened(name)
    records = [record(number, f"R{number}") for number in range(1, 8)]
    files.deliver_records(records)

    assert listed(files) == [files.as_delivered(one) for one in records]
    assert [len(opened(name).list_delivered(page).records) for page in pages(files)] == [3, 3, 1]


def pages(files: Files) -> list[str]:
    found = [""]
    while following := files.list_delivered(found[-1]).next_page:
        found.append(following)
    return found


@BOTH
def test_a_page_ends_early_when_its_lines_are_very_long(opened: Open, name: str) -> None:
    files = opened(name)
    files.deliver_records([record(number, "x" * 9_000_000) for number in (1, 2, 3)])

    assert [len(files.list_delivered(page).records) for page in pages(files)] == [2, 1]
    assert len(listed(files)[2].fields["First"]) == 9_000_000


@BOTH
def test_a_file_that_is_not_there_or_empty_lists_nothing(
    opened: Open, tmp_path: Path, name: str
) -> None:
    assert listed(opened(name)) == []
    (tmp_path / name).touch()
    assert listed(opened(name)) == []


@BOTH
@pytest.mark.parametrize("whole", [0, 1])
def test_a_torn_last_line_is_left_out(opened: Open, tmp_path: Path, name: str, whole: int) -> None:
    files = opened(name)
    files.deliver_records([record(number) for number in range(1, whole + 1)])
    with (tmp_path / name).open("ab") as file:
        file.write(b'"_deli' if name == "out.csv" and not whole else b'{"_delivery":9')

    assert [one.key for one in listed(files)] == ["1"][:whole]


@BOTH
@pytest.mark.parametrize("line", HAND, ids=lambda line: repr(line[:20]))
def test_a_line_of_somebodys_hand_is_listed_by_its_number(
    opened: Open, tmp_path: Path, name: str, line: bytes
) -> None:
    files = opened(name)
    files.deliver_records([record(1)])
    with (tmp_path / name).open("ab") as file:
        file.write(line + b"\n\n \n")
    files.deliver_records([record(2)])
    place = 3 if name == "out.csv" else 2

    assert listed(files) == [
        files.as_delivered(record(1)),
        Delivered(f"line {place}"),
        files.as_delivered(record(2)),
    ]


@BOTH
def test_a_value_that_was_changed_by_hand_is_listed_as_it_is_now(
    opened: Open, tmp_path: Path, name: str
) -> None:
    files = opened(name)
    files.deliver_records([record(1)])
    path = tmp_path / name
    path.write_bytes(path.read_bytes().replace(b"Wamle", b"Wemle"))

    assert listed(files) == [Delivered("1", {"First": "Rory", "Last": "Wemle"})]


def test_cells_are_listed_as_a_spreadsheet_has_them(opened: Open) -> None:
    files = opened("out.csv")
    one = record(1, '=1+1,"a"', "two\r\nlines")
    files.deliver_records([one, record(2, None, [1, "ä"]), record(3, True, 1.5)])

    assert listed(files) == [
        Delivered("1", {"First": '\'=1+1,"a"', "Last": "two lines"}),
        Delivered("2", {"First": "", "Last": '[1,"ä"]'}),
        Delivered("3", {"First": "true", "Last": "1.5"}),
    ]
    assert files.as_delivered(one) == listed(files)[0]


def test_windows_line_ends_make_no_difference_to_a_row(opened: Open, tmp_path: Path) -> None:
    files = opened("out.csv")
    files.deliver_records([record(1)])
    path = tmp_path / "out.csv"
    head, row = path.read_bytes().splitlines()
    path.write_bytes(head + b"\n" + row + b"\r\n")
    assert listed(files) == [files.as_delivered(record(1))]


def test_a_csv_file_with_other_columns_is_not_read(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("Name,Last\n1,x\n", encoding="utf-8")
    with pytest.raises(RetryableError, match="begins with other columns"):
        opened("out.csv").list_delivered("")


@BOTH
@pytest.mark.parametrize("page", ["x", "0:1", "5:1", "99999:1", "-1:1", "1:", "5:5:5"])
def test_a_page_that_the_file_does_not_have_is_refused(opened: Open, name: str, page: str) -> None:
    files = opened(name)
    files.deliver_records([record(1)])
    with pytest.raises(RejectedError, match="begin again"):
        files.list_delivered(page)


@BOTH
def test_a_file_that_was_moved_away_between_two_pages_is_begun_again(
    opened: Open, tmp_path: Path, name: str
) -> None:
    files = opened(name)
    files.deliver_records([record(number) for number in range(1, 8)])
    page = files.list_delivered("").next_page
    (tmp_path / name).unlink()
    with pytest.raises(RejectedError, match="begin again"):
        files.list_delivered(page)
    files.deliver_records([record(9)])
    with pytest.raises(RejectedError, match="begin again"):
        files.list_delivered(page)


@BOTH
def test_a_file_that_cannot_be_read_is_tried_again(opened: Open, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(RetryableError, match="cannot be read"):
        opened(name).list_delivered("")


def test_a_record_that_no_file_can_hold_is_no_delivered_one(opened: Open) -> None:
    with pytest.raises(RejectedError, match="First"):
        opened("out.jsonl").as_delivered(record(1, float("nan")))


TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["First", "Last"]), VALUES), st.integers(0, 2**63))
def test_every_record_is_read_as_what_was_written(fields: Mapping[str, Any], number: int) -> None:
    given_one = Record(fields, delivery=number)
    for form in (JsonLines(), Csv(["First", "Last"])):
        line = form.line(given_one)
        assert line.count(b"\n") == 1
        found = form.read(line)
        assert found.key == str(number)
        assert json.loads(json.dumps(dict(found.fields))) == found.fields
    assert dict(JsonLines().read(JsonLines().line(given_one)).fields) == fields
