"""The file of lines: each line once, whatever has happened to the file before."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import RetryableError
from regbridge_files import lines as lines_module
from regbridge_files.lines import LineFile

HEADER = b"_delivery,name\n"


def numbered(*numbers: int) -> list[bytes]:
    return [b"%d,name %d\n" % (number, number) for number in numbers]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_lines_are_appended_in_their_order(path: Path) -> None:
    file = LineFile(path)
    file.append(numbered(1, 2))
    file.append(numbered(3))
    assert path.read_bytes() == b"".join(numbered(1, 2, 3))


def test_a_header_is_written_once(path: Path) -> None:
    LineFile(path, HEADER).append(numbered(1))
    LineFile(path, HEADER).append(numbered(2))
    assert path.read_bytes() == HEADER + b"".join(numbered(1, 2))


def test_a_batch_that_is_tried_again_adds_only_what_is_not_there(path: Path) -> None:
    file = LineFile(path)
    file.append(numbered(1, 2))
    file.append(numbered(1, 2, 3))
    assert path.read_bytes() == b"".join(numbered(1, 2, 3))


def test_after_a_restart_the_lines_that_are_there_are_known(path: Path) -> None:
    LineFile(path).append(numbered(1, 2))
    LineFile(path).append(numbered(2, 3))
    assert path.read_bytes() == b"".join(numbered(1, 2, 3))


def test_the_same_number_with_other_content_is_another_line(path: Path) -> None:
    """A new database counts deliveries from 1 again, and must lose nothing at an old file."""
    LineFile(path).append([b"1,Rory\n"])
    LineFile(path).append([b"1,Kim\n"])
    assert path.read_bytes() == b"1,Rory\n1,Kim\n"


def test_a_line_that_only_ends_like_one_is_not_taken_for_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "_TAIL", 12)
    path.write_bytes(b"3,x 1,name 1\n2,b\n")
    LineFile(path).append([b"1,name 1\n"])
    assert path.read_bytes().endswith(b"2,b\n1,name 1\n")


def test_a_torn_line_is_moved_aside_and_the_file_goes_on(path: Path) -> None:
    path.write_bytes(HEADER + b"1,name 1\n2,na")
    LineFile(path, HEADER).append(numbered(1, 2))
    assert path.read_bytes() == HEADER + b"".join(numbered(1, 2))
    assert (path.parent / "out.csv.torn").read_bytes() == b"2,na\n"


def test_a_second_torn_line_is_added_to_the_first(path: Path) -> None:
    for torn in (b"1,n", b"2,n"):
        with path.open("ab") as file:
            file.write(torn)
        LineFile(path).append(numbered(3))
    assert (path.parent / "out.csv.torn").read_bytes() == b"1,n\n2,n\n"
    assert path.read_bytes() == b"".join(numbered(3))


@pytest.mark.parametrize("length", [11, 12, 13, 100])
def test_a_torn_line_longer_than_the_tail_is_found_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(lines_module, "_TAIL", 12)
    path.write_bytes(b"".join(numbered(1)) + b"x" * length)
    LineFile(path).append(numbered(2))
    assert path.read_bytes() == b"".join(numbered(1, 2))
    assert (path.parent / "out.csv.torn").read_bytes() == b"x" * length + b"\n"


LINES = st.lists(st.binary().map(lambda text: text.replace(b"\n", b"") + b"\n"), unique=True)


@given(
    before=LINES,
    batch=LINES,
    header=st.sampled_from([b"", HEADER]),
    cut=st.integers(min_value=0),
    tail=st.sampled_from([4_000_000, 7]),
)
def test_killed_at_any_byte_and_tried_again_every_line_is_there_once(
    before: list[bytes], batch: list[bytes], header: bytes, cut: int, tail: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "out.csv"
        batch = [b"b" + line for line in batch]
        LineFile(path, header).append([b"a" + line for line in before])
        start = path.stat().st_size
        LineFile(path, header).append(batch)
        whole = path.read_bytes()
        # The header goes to the disk with the first batch, so that it can be cut as well.
        start = start if before else 0
        os.truncate(path, start + cut % (len(whole) - start + 1))

        patch.setattr(lines_module, "_TAIL", max(tail, len(b"".join(batch)) + 1))
        LineFile(path, header).append(batch)
        assert path.read_bytes() == whole


def test_a_file_that_was_moved_away_is_begun_anew(path: Path) -> None:
    file = LineFile(path, HEADER)
    file.append(numbered(1))
    path.rename(path.with_suffix(".old"))
    file.append(numbered(1, 2))
    assert path.read_bytes() == HEADER + b"".join(numbered(1, 2))


def test_two_targets_may_write_one_file(path: Path) -> None:
    one, two = LineFile(path), LineFile(path.parent / "." / "out.csv")

    def write(first: int) -> None:
        for number in range(first, 200, 2):
            (two if first else one).append(numbered(number))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, (0, 1)))
    assert sorted(path.read_bytes().splitlines(keepends=True)) == sorted(numbered(*range(200)))


def test_another_header_is_left_alone_and_asked_to_be_moved_away(path: Path) -> None:
    path.write_bytes(b"other\n1\n")
    with pytest.raises(RetryableError, match="move the file away"):
        LineFile(path, HEADER).append(numbered(1))
    assert path.read_bytes() == b"other\n1\n"


def test_only_the_latest_lines_are_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_KEPT", 10)
    file = LineFile(path)
    for number in range(0, 100, 5):
        file.append(numbered(*range(number, number + 5)))
        assert len(file._written) <= 20
        file.append(numbered(*range(number, number + 5)))
    assert path.read_bytes() == b"".join(numbered(*range(100)))


def test_a_disk_that_refuses_keeps_nothing_of_the_batch(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fsync the system shows lines that may never have reached the disk."""
    file = LineFile(path, HEADER)
    file.append(numbered(1))
    synced = os.fsync

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        file.append(numbered(2, 3))
    assert path.read_bytes() == HEADER + b"".join(numbered(1))
    monkeypatch.setattr(os, "fsync", synced)
    file.append(numbered(2, 3))
    assert path.read_bytes() == HEADER + b"".join(numbered(1, 2, 3))


def test_a_disk_that_takes_half_of_a_write_gets_the_other_half(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(FileIO):
        def write(self, content: Any, /) -> int:
            return super().write(content[:3])

    monkeypatch.setattr(lines_module, "FileIO", Slow)
    LineFile(path, HEADER).append(numbered(1, 2))
    assert path.read_bytes() == HEADER + b"".join(numbered(1, 2))
