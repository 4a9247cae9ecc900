"""`files`: what is in the file, and what the host is told."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from regbridge import Finding, Level, Outcome, OutcomeKind, Record, RetryableError, Target
from regbridge_files.deliver import Files
from regbridge_files.formats import Csv, JsonLines

Open = Callable[..., Files]
MAP = {"szFirst": "firstName", "szLast": "lastName"}


@pytest.fixture
def opened(plugin: Callable[..., Any], tmp_path: Path) -> Open:
    """Open the target of a file in the test's folder."""

    def build(path: str = "out.jsonl", columns: Iterable[str] = MAP, **settings: Any) -> Files:
        target = Target("archive", map=dict.fromkeys(columns, "firstName"))
        files = plugin(Files, {"path": path, **settings}, target=target, folder=tmp_path)
        assert isinstance(files, Files)
        return files

    return build


def record(delivery: int, **fields: Any) -> Record:
    return Record(fields or {"szFirst": "Rory", "szLast": "Wamle"}, delivery=delivery)


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def objects(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


# --- JSON Lines ---


def test_a_record_is_one_compact_line_that_begins_with_its_delivery(
    opened: Open, tmp_path: Path
) -> None:
    fields = {"szLast": "Wämle", "szFirst": None, "list": [1, {"a": True}], "u": "\u2028"}
    outcomes = opened().deliver_records([record(7, **fields)])
    assert outcomes == [Outcome.created()]
    assert (tmp_path / "out.jsonl").read_bytes().decode() == (
        '{"_delivery":7,"szLast":"Wämle","szFirst":null,"list":[1,{"a":true}],"u":"\u2028"}\n'
    )


def test_a_file_in_folders_that_are_not_there_is_made(opened: Open, tmp_path: Path) -> None:
    opened("a/b/out.jsonl").deliver_records([record(1)])
    assert len(objects(tmp_path / "a/b/out.jsonl")) == 1


def test_an_absolute_path_is_taken_as_it_is(opened: Open, tmp_path: Path) -> None:
    opened(str(tmp_path / "elsewhere.jsonl")).deliver_records([record(1)])
    assert (tmp_path / "elsewhere.jsonl").exists()


UNHOLDABLE = [math.nan, math.inf, {1, 2}, b"bytes", object(), "\ud800", {"a": math.nan}, ["\udfff"]]


@pytest.mark.parametrize("value", UNHOLDABLE, ids=repr)
@pytest.mark.parametrize("path", ["out.jsonl", "out.csv"])
def test_a_value_that_a_file_cannot_hold_rejects_its_record_alone(
    opened: Open, tmp_path: Path, path: str, value: Any
) -> None:
    records = [record(1), record(2, szFirst="Kim", szLast=value), record(3)]
    first, second, third = opened(path).deliver_records(records)
    assert (first, third) == (Outcome.created(), Outcome.created())
    assert second.kind is OutcomeKind.REJECTED
    assert second.field == "szLast"
    assert (tmp_path / path).read_text(encoding="utf-8").count("Rory") == 2


def test_a_batch_without_a_good_record_leaves_no_file(opened: Open, tmp_path: Path) -> None:
    (outcome,) = opened().deliver_records([record(1, szFirst=math.nan)])
    assert outcome.kind is OutcomeKind.REJECTED
    assert list(tmp_path.iterdir()) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)  # fmt: skip


@given(fields=st.dictionaries(st.text().filter(lambda name: name != "_delivery"), JSON))
def test_whatever_goes_into_json_lines_comes_out_again_in_one_line(
    fields: dict[str, Any],
) -> None:
    line = JsonLines().line(Record(fields, delivery=5))
    assert line.count(b"\n") == 1
    assert list(json.loads(line).items()) == [("_delivery", 5), *fields.items()]


# --- CSV ---


def test_a_csv_file_begins_with_the_fields_of_the_map(opened: Open, tmp_path: Path) -> None:
    target = opened("out.csv", ["szLast", "szFirst"])
    target.deliver_records([record(1, szFirst="Rory", szLast="Wamle"), record(2, szFirst="Kim")])
    target.deliver_records([record(3, szFirst="a,b", szLast='say "x"')])
    assert cells(tmp_path / "out.csv") == [
        ["_delivery", "szLast", "szFirst"],
        ["1", "Wamle", "Rory"],
        ["2", "", "Kim"],
        ["3", 'say "x"', "a,b"],
    ]
    assert (tmp_path / "out.csv").read_bytes().startswith(b'"_delivery"')


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+43 1 5550100", "'+43 1 5550100"),
        ("-12", "'-12"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "' =1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
        (-12, "-12"),
        (-1.5, "-1.5"),
        (True, "true"),
        (None, ""),
        ("two\r\nlines\nor three", "two lines or three"),
        (["=1", "ä"], '["=1","ä"]'),
        ({"a": None}, '{"a":null}'),
        (10**400, "1" + "0" * 400),
    ],
)
def test_a_cell_is_safe_to_open_in_a_spreadsheet(
    opened: Open, tmp_path: Path, value: Any, cell: str
) -> None:
    opened("out.csv").deliver_records([record(1, szFirst=value, szLast="")])
    assert cells(tmp_path / "out.csv")[1] == ["1", cell, ""]


def test_a_text_with_a_semicolon_stays_one_cell_where_semicolons_separate(
    opened: Open, tmp_path: Path
) -> None:
    opened("out.csv").deliver_records([record(1, szFirst="a;=1+1", szLast="x")])
    assert '"a;=1+1"' in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_a_field_that_is_no_column_rejects_its_record(opened: Open) -> None:
    outcomes = opened("out.csv").deliver_records([record(1, szExtra="x"), record(2)])
    assert outcomes[0] == Outcome.rejected("szExtra is not a column of the CSV file", "szExtra")
    assert outcomes[1] == Outcome.created()


@given(
    columns=st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True),
    rows=st.lists(st.lists(st.text() | st.sampled_from(["=", "\n-", "\t", ' "'])), max_size=5),
)
def test_whatever_goes_into_csv_has_as_many_rows_and_no_formula_comes_out(
    columns: list[str], rows: list[list[str]]
) -> None:
    layout = Csv(columns)
    records = [Record(dict(zip(columns, row, strict=False)), delivery=1) for row in rows]
    lines = [layout.header, *map(layout.line, records)]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)
    text = b"".join(lines).decode()
    table = list(csv.reader(StringIO(text, newline="")))
    assert [len(row) for row in table] == [1 + len(columns)] * (1 + len(rows))
    assert not any(cell.lstrip(" ").startswith(tuple("=+-@\t\r")) for row in table for cell in row)


def test_other_columns_than_the_files_are_retried_until_it_is_moved_away(
    opened: Open, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    opened("out.csv", ["szFirst"]).deliver_records([record(1, szFirst="Rory")])
    changed = opened("out.csv", ["szFirst", "szLast"])
    for _ in range(2):
        with pytest.raises(RetryableError, match=r"other columns .* move the file away"):
            changed.deliver_records([record(2)])
    path.rename(tmp_path / "old.csv")
    assert changed.deliver_records([record(2)]) == [Outcome.created()]
    assert cells(path) == [["_delivery", "szFirst", "szLast"], ["2", "Rory", "Wamle"]]


# --- errors of the disk ---


def test_a_folder_in_the_place_of_the_file_is_retried_with_path_and_reason(
    opened: Open, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(RetryableError) as caught:
        opened().deliver_records([record(1)])
    assert str(tmp_path / "out.jsonl") in str(caught.value)
    assert "cannot be written: " in str(caught.value)


def test_a_file_in_the_place_of_the_folder_is_retried(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("", encoding="utf-8")
    with pytest.raises(RetryableError, match="cannot be written: "):
        opened("a/out.jsonl").deliver_records([record(1)])


# --- settings and checks ---


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("out.jsonl", {}),
        ("out.NDJSON", {}),
        ("out", {"format": "jsonl"}),
        ("out.csv", {"format": "jsonl"}),
    ],
)
def test_the_format_follows_the_suffix_unless_it_is_given(
    opened: Open, tmp_path: Path, path: str, settings: dict[str, str]
) -> None:
    opened(path, **settings).deliver_records([record(1)])
    assert objects(tmp_path / path)[0]["_delivery"] == 1


Refuse = Callable[..., list[Finding]]


def refused(findings: Refuse, settings: Mapping[str, Any], *columns: str) -> Finding:
    target = Target("archive", map=dict.fromkeys(columns, "firstName"))
    (finding,) = findings(Files, settings, target=target)
    return finding


def test_a_suffix_that_does_not_tell_the_format_is_refused(findings: Refuse) -> None:
    finding = refused(findings, {"path": "out.txt"}, "a")
    assert finding.path == ("targets", "archive", "settings", "path")
    assert finding.remedy == "add format: jsonl, or format: csv"


def test_a_csv_file_without_a_map_is_refused(findings: Refuse) -> None:
    assert "there is none" in refused(findings, {"path": "out.csv"}).message


def test_a_field_with_the_name_of_the_deliverys_number_is_refused(findings: Refuse) -> None:
    finding = refused(findings, {"path": "out.jsonl"}, "_delivery")
    assert finding.path == ("targets", "archive", "map", "_delivery")


@pytest.mark.parametrize("settings", [{}, {"path": ""}, {"path": "a\0b"}, {"path": "a", "x": 1}])
def test_settings_that_cannot_work_are_refused(
    plugin: Callable[..., Any], settings: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        plugin(Files, settings, target=Target("archive", map=MAP))


def test_a_file_that_is_not_there_yet_is_fine_and_the_check_makes_nothing(
    opened: Open, tmp_path: Path
) -> None:
    (finding,) = opened("a/out.jsonl").check_connection(Target("archive")) or ()
    assert finding.level is Level.OK
    assert "will be made by the first delivery" in finding.message
    assert list(tmp_path.iterdir()) == []


def test_the_check_says_what_is_in_the_file_and_leaves_it(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b'{"torn')
    (finding,) = opened().check_connection(Target("archive")) or ()
    assert finding.level is Level.OK
    assert finding.message.endswith("it has 6 bytes")
    assert (tmp_path / "out.jsonl").read_bytes() == b'{"torn'


@pytest.mark.parametrize("path", ["folder.jsonl", "file/out.jsonl", "other.csv"])
def test_what_is_in_the_way_is_an_error_with_a_remedy(
    opened: Open, tmp_path: Path, path: str
) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "other.csv").write_text("name;city\n", encoding="utf-8")
    (finding,) = opened(path).check_connection(Target("archive")) or ()
    assert finding.level is Level.ERROR
    assert str(tmp_path) in finding.message
    assert finding.remedy


def test_a_folder_that_may_not_be_written_is_an_error(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    (finding,) = opened().check_connection(Target("archive")) or ()
    assert finding.level is Level.ERROR
    assert "does not allow it" in finding.message


def test_another_targets_connection_is_none_of_its_business(opened: Open) -> None:
    assert opened().check_connection(Target("crm")) is None
