"""The end of a log, with the fields alone that are never about a person."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regbridge.doctor.discreet import discreet

_READ = 2_000_000
_KEPT = 500
_PLAIN = re.compile(r"[\w :.+-]{1,80}")
_AS_THEY_ARE = (
    *("timestamp", "level", "client", "endpoint", "target", "step", "plugin", "status", "ms"),
    *("request", "receipt", "batch", "call", "their_call", "service", "method", "registrations"),
    *("receipts", "more_receipts", "more", "event_type", "operation", "threads"),
)
_TEXTS = ("event", "error", "reason", "reasons", "finding", "logger", "cause", "path")
_FRAME = re.compile(r'^\s*File "[^"]*?([\w.-]+)", line (\d+), in (\w+)', re.MULTILINE)
_ERROR = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt))\b", re.MULTILINE)


def log_lines(file: Path) -> list[dict[str, Any]]:
    """Return the last lines of a log file, as `serve` writes one; others are counted alone."""
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - _READ))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    found = [entry for line in lines[-_KEPT:] if (entry := _entry(line)) is not None]
    left_out = len(lines[-_KEPT:]) - len(found)
    return [*found, {"lines_left_out": left_out}] if left_out else found


def _entry(line: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _discreet_entry(fields) if isinstance(fields, dict) else None


def _discreet_entry(fields: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        name: fields[name] for name in _AS_THEY_ARE if name in fields and _is_plain(fields[name])
    }
    entry |= {name: _discreet_text(fields[name]) for name in _TEXTS if name in fields}
    if trace := fields.get("exception"):
        # What an exception says may be about somebody; where it came from is not.
        frames = [f"{file}:{line} {name}" for file, line, name in _FRAME.findall(str(trace))]
        entry["exception"] = {"types": _ERROR.findall(str(trace)), "frames": frames}
    return entry


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, int) for each in value)
    return isinstance(value, int | float) or _PLAIN.fullmatch(str(value)) is not None


def _discreet_text(value: Any) -> Any:
    texts = value if isinstance(value, list) else [value]
    return [discreet(str(each)) for each in texts] if len(texts) != 1 else discreet(str(texts[0]))
