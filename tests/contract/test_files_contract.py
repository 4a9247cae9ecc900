"""The `files` target keeps the delivery contract."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from regbridge import Client, PluginContext, Record, Target
from regbridge.testing.contract import (
    PERSON,
    Connection,
    ConnectionContract,
    DeliveryContract,
    Destination,
    Failure,
    PluginContract,
    Recipe,
)
from regbridge_files.deliver import Files, FilesSettings


class FilesDestination(Destination):
    """A file, which is out of reach while a folder has its name."""

    failures = frozenset({Failure.UNREACHABLE, Failure.BUSY})

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.target = Target("file", map={"Number": "x", "Text": "x", "Bad": "x"})
        context = PluginContext("files", Client("contract"), folder, self.target)
        self.plugin = Files(FilesSettings(path=name), context)
        self.plugin.page_size = 4

    def record(self, number: int, text: str = PERSON) -> Record:
        return Record({"Number": number, "Text": text}, delivery=number)

    def bad_record(self, number: int) -> Record:
        return Record({"Number": number, "Text": PERSON, "Bad": float("nan")}, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        if not self.path.is_file():
            return []
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file) if self.path.suffix == ".csv" else map(json.loads, file)
            return [(int(row["Number"]), row["Text"]) for row in rows]

    def fail(self, failure: Failure | None) -> None:
        if failure:
            self.path.mkdir()
        else:
            self.path.rmdir()


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
class TestFiles(DeliveryContract, ConnectionContract):
    @pytest.fixture
    def destination(self, tmp_path: Path, name: str) -> Destination:
        return FilesDestination(tmp_path, name)

    @pytest.fixture
    def connection(self, destination: Destination) -> Connection:
        return destination


class TestFilesIsAPlugin(PluginContract):
    @pytest.fixture
    def recipe(self, tmp_path: Path) -> Recipe:
        wrong = [{"path": "out"}, {"path": "out.csv"}, {"path": ""}, {"format": "xml"}]
        return Recipe(Files, {"path": "out.jsonl"}, wrong=wrong, folder=tmp_path)
