"""What regbridge says when something is wrong, and what to do about it, from where it is said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from docs.generate.distributions import ROOT
from docs.generate.markdown import code, first_paragraph, table
from docs.generate.said import Said, said_in

import regbridge
from regbridge import RegbridgeError
from regbridge.remedies import remedies, remedy_of
from regbridge.web.errors import ANSWERS, BUG

SOURCES = ("core", "plugins")

_DONE = {
    "RetryableError": "it is tried again by itself; see to the target or service that it names",
    "CredentialsError": "correct the credentials; it is tried again every five minutes",
    "QuotaExceededError": "it goes on by itself when the quota is new",
    "AuthenticationError": "compare the authentication at Cvent with the client's file",
    "StoreUnavailableError": "see to the ledger: `regbridge doctor`",
}

_EVERYWHERE = ("AuthenticationError", "StoreUnavailableError")


def write_classes(_about: str) -> str:
    """Return a table of the error classes: what each means, and how a request is answered."""
    return table(["class", "means", "a request is answered"], map(_class, error_classes()))


def error_classes() -> list[type[RegbridgeError]]:
    """Return the public error classes."""
    values = (getattr(regbridge, name) for name in regbridge.__all__)
    return [v for v in values if isinstance(v, type) and issubclass(v, RegbridgeError)]


def _class(cls: type[RegbridgeError]) -> tuple[str, str, str]:
    answer = ANSWERS.get(cls, BUG)
    return code(cls.__name__), first_paragraph(cls), f"{int(answer.status)}" if answer else ""


def write_parked(_about: str) -> str:
    """Return a table of the reasons of what is parked, with their remedies."""
    known = [(" or ".join(f'"{part}"' for part in parts), text) for parts, text in remedies()]
    return table(["the reason says", "do"], [*known, ("anything else", remedy_of(""))])


def write_texts(about: str) -> str:
    """Return the texts of the packages whose names begin so, by module."""
    parts = []
    for purpose, found in groupby(collected(about), lambda said: said.purpose):
        rows = _rows({(each.text, _remedy(each, about)) for each in found})
        parts += [f"**{purpose}**", table(["it says", "do"], rows)]
    return "\n\n".join(parts)


def _rows(pairs: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rows in order; a text that says what to do somewhere stands there alone."""
    helped = {text for text, remedy in pairs if remedy}
    return sorted((text, remedy) for text, remedy in pairs if remedy or text not in helped)


def collected(about: str) -> Iterator[Said]:
    """Yield what the modules below a folder say, in the order of their purposes."""
    modules = [path for path in sorted((ROOT / about).rglob("*.py")) if not _is_apart(path)]
    everything = [said for path in modules for said in said_in(path)]
    yield from sorted(everything, key=lambda said: (said.purpose, said.text, said.remedy))


def _is_apart(path: Path) -> bool:
    """Say whether a module's texts are read by developers alone."""
    parts = path.relative_to(ROOT).parts
    return bool({"simulator", "simulator.py", "testing", "tests", "migrations"} & set(parts))


def _remedy(said: Said, about: str) -> str:
    """Return what to do about a text; about one that parks a record, what the console says."""
    if said.remedy:
        return said.remedy
    if said.kind in ("RejectedError", "AmbiguousError"):
        parks = about == "plugins" or remedy_of(said.text) != remedy_of("")
        return f"it is parked: {remedy_of(said.text)}" if parks else ""
    return _DONE.get(said.kind, "") if about == "plugins" or said.kind in _EVERYWHERE else ""
