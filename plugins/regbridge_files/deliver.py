"""The `files` target: one line of a JSON Lines or CSV file for each delivered record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from regbridge import (
    ConfigError,
    Delivered,
    DeliveredPage,
    Finding,
    Level,
    Outcome,
    PluginContext,
    Record,
    RejectedError,
    RetryableError,
    Settings,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge_files.formats import DELIVERY, Csv, Format, JsonLines
from regbridge_files.lines import LineFile, has_header
from regbridge_files.listing import list_page

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}


class FilesSettings(Settings):
    """`path` starts at the folder of `base.yaml`; `format` follows its suffix when left out.

    `read_back: false` is for a file that is moved away now and then: then it cannot tell what was
    delivered.
    """

    path: Annotated[
        str,
        Field(pattern=r"^[^\x00]+$", description="The file that records are appended to."),
    ]
    format: Annotated[
        Literal["jsonl", "csv"] | None,
        Field(description="By the suffix (.jsonl, .ndjson, .csv) when left out."),
    ] = None
    read_back: Annotated[
        bool,
        Field(
            description="Whether the file holds all that was delivered; false if it is moved away "
            "now and then."
        ),
    ] = True


class Files(TargetPlugin):
    """Appends records to a file, each once, also when an attempt is cut off in mid-line.

    The file belongs to one process: several workers on one machine need a file each. `page_size`
    is how many lines are listed at once.
    """

    settings: FilesSettings
    settings_model = FilesSettings
    batch_size = 2000
    page_size = 2000
    idempotent = True
    # Whoever reads the file may have taken lines away, or the whole file, because he is done.
    restores = False

    def __init__(self, settings: FilesSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        if findings := _findings(settings, context):
            raise ConfigError(findings)
        self.reads_back = settings.read_back
        self._path = context.folder / settings.path
        self._format = _format(settings, context)
        self._file = LineFile(self._path, self._format.header)

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Append a line for each record that is not there yet."""
        lines = []
        outcomes = []
        for record in records:
            try:
                lines.append(self._format.line(record))
                outcomes.append(Outcome.created())
            except RejectedError as error:
                outcomes.append(Outcome.rejected(str(error), error.field))
        if lines:
            self._append(lines)
        return outcomes

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Say whether the file can be written, and what is in its place now."""
        if self.context.target is None or target.name != self.context.target.name:
            return None
        try:
            return [_as_found(self._path, self._format.header)]
        except OSError as error:
            message = f"{self._path} cannot be written: {_reason(error)}"
            return [Finding(Level.ERROR, message, remedy="set another path, or clear the way")]

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        """Read the file, a page of lines at a time; the key is the number of the delivery."""
        try:
            return list_page(self._path, self._format, page, self.page_size)
        except OSError as error:
            raise RetryableError(f"{self._path} cannot be read: {_reason(error)}") from error

    def as_delivered(self, record: Record) -> Delivered:
        """Return what the record's line says, cells of CSV as texts."""
        return self._format.read(self._format.line(record))

    def _append(self, lines: Sequence[bytes]) -> None:
        try:
            self._file.append(lines)
        except OSError as error:
            raise RetryableError(f"{self._path} cannot be written: {_reason(error)}") from error


def _format_name(settings: FilesSettings) -> str | None:
    return settings.format or _SUFFIXES.get(Path(settings.path).suffix.lower())


def _format(settings: FilesSettings, context: PluginContext) -> Format:
    return Csv(_columns(context)) if _format_name(settings) == "csv" else JsonLines()


def _columns(context: PluginContext) -> Sequence[str]:
    return tuple(context.target.map) if context.target else ()


def _findings(settings: FilesSettings, context: PluginContext) -> list[Finding]:
    findings = []
    columns = _columns(context)
    if _format_name(settings) is None:
        message = f"the suffix of {settings.path!r} does not tell the format"
        remedy = "add format: jsonl, or format: csv"
        path = (*context.path, "settings", "path")
        findings.append(Finding(Level.ERROR, message, remedy=remedy, path=path))
    if _format_name(settings) == "csv" and not columns:
        message = "a CSV file has the fields of the target's map as its columns, and there is none"
        remedy = "add a map, or set format: jsonl"
        findings.append(Finding(Level.ERROR, message, remedy=remedy, path=context.path))
    if DELIVERY in columns:
        message = f"the field name {DELIVERY} is taken: every line begins with it"
        path = (*context.path, "map", DELIVERY)
        findings.append(Finding(Level.ERROR, message, remedy="rename the field", path=path))
    return findings


def _as_found(path: Path, header: bytes) -> Finding:
    """Return a finding about a path; raises `OSError` when it can surely not be written."""
    if not path.exists():
        return _about_folder(path)
    with FileIO(path, "a+") as file:
        size = file.seek(0, os.SEEK_END)
        if size and not has_header(file, header):
            message = f"{path} begins with other columns than the mapping has now"
            return Finding(Level.ERROR, message, remedy="move the file away")
    return Finding(Level.OK, f"{path} can be written; it has {size} bytes")


def _about_folder(path: Path) -> Finding:
    folder = next((parent for parent in path.absolute().parents if parent.exists()), path)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} does not allow it")
    return Finding(Level.OK, f"{path} can be written; it will be made by the first delivery")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
