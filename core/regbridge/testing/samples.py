"""The sample payloads: messages with what becomes of them at the example client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from regbridge.shipped import SAMPLES, shipped


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state that a registration ends in; its reason contains `reason`."""

    state: str
    reason: str = ""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `expected.json`: the answer's status, how often to send, how each registration ends.

    `registrations` are in the order of arrival: a message that is sent twice counts twice. `after`
    names the sample that must be settled before.
    """

    status: int
    registrations: tuple[Ending, ...] = ()
    send: int = 1
    after: str = ""


class Sample(msgspec.Struct, frozen=True):
    """One folder of samples; `records` are the fields delivered to each target, in order.

    The Authorization of `headers` is a placeholder, which a `Sender` replaces by its token.
    """

    name: str
    body: bytes
    headers: Mapping[str, str]
    expected: Expected
    records: Mapping[str, Sequence[Mapping[str, Any]]]


def read_samples(folder: Path | None = None) -> list[Sample]:
    """Return the samples of a folder (those that come with regbridge if None) by name.

    Raises `FileNotFoundError` when a sample lacks a file, `msgspec.DecodeError` when one is wrong.
    """
    folder = folder or shipped(SAMPLES)
    names = sorted(path.name for path in folder.iterdir() if "--" in path.name)
    return [_read(folder / name) for name in names]


def rounds(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Return the samples in rounds: all of a round may be sent once the last one is settled.

    Raises `ValueError` when a sample comes after one that is not there.
    """
    result: list[list[Sample]] = []
    sent = {""}
    waiting = list(samples)
    while waiting:
        ready = [sample for sample in waiting if sample.expected.after in sent]
        if not ready:
            names = ", ".join(sample.name for sample in waiting)
            raise ValueError(f"expected.json: `after` names no sample that is sent before: {names}")
        result.append(ready)
        sent.update(sample.name for sample in ready)
        waiting = [sample for sample in waiting if sample.name not in sent]
    return result


def _read(folder: Path) -> Sample:
    decode = msgspec.json.decode
    return Sample(
        name=folder.name,
        body=(folder / "request.json").read_bytes(),
        headers=decode((folder / "headers.json").read_bytes(), type=dict[str, str]),
        expected=decode((folder / "expected.json").read_bytes(), type=Expected),
        records={
            path.stem: decode(path.read_bytes(), type=list[dict[str, Any]])
            for path in sorted((folder / "expected").glob("*.json"))
        },
    )
