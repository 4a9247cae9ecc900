"""How an endpoint's token is replaced by another one without a gap."""

from __future__ import annotations

import os
import re
import secrets
import string
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from regbridge.config.loader import claimed, client_paths, read_draft
from regbridge.config.place import where
from regbridge.errors import ConfigError
from regbridge.nearest import did_you_mean
from regbridge.tokens import name_of

LENGTH = 48
"""Cvent takes fewer than 150 characters. Letters and digits need no quoting anywhere."""

DAY = 86_400_000
_ALPHABET = string.ascii_letters + string.digits

Reference = Mapping[str, Any]
"""Where a secret is, as `regbridge.secret` takes it: {env: NAME}, {file: PATH} and the others."""


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens of an endpoint as its client's file has them; `where` is their file and line."""

    client: str
    endpoint: str
    where: str
    references: tuple[Reference, ...]

    @property
    def names(self) -> list[str]:
        """Where the tokens come from, in the order of the file."""
        return [name_of(reference) for reference in self.references]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a rotation is; `is_done` says that no step is missing before the old one can go."""

    text: str
    is_done: bool


def find_tokens(folder: Path, client: str, endpoint: str) -> Written:
    """Return the tokens of an endpoint; no secret is needed for that. Raises `ConfigError`."""
    files = {claimed(folder, path)[0]: path for path in client_paths(folder)}
    if client not in files:
        raise ConfigError.of(f"no client {client!r}", did_you_mean(client, files))
    draft = read_draft(folder, files[client])
    endpoints = _map(draft.values.get("endpoints"))
    if endpoint not in endpoints:
        remedy = did_you_mean(endpoint, endpoints)
        raise ConfigError.of(f"the client {client} has no endpoint {endpoint!r}", remedy)
    tokens = _map(endpoints[endpoint]).get("tokens")
    references = tuple(each for each in _list(tokens) if _is_reference(each))
    if not references:
        message = f"the endpoint {endpoint} of {client} names no tokens that could be replaced"
        raise ConfigError.of(message, "`regbridge check` says what is wrong with it")
    return Written(
        client, endpoint, where(draft.origins, ("endpoints", endpoint, "tokens")), references
    )


def new_token() -> str:
    """Return a token that nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))


def next_reference(folder: Path, old: Reference) -> Reference:
    """Return where the token after `old` belongs: beside it, under the next number."""
    kind, place = next(iter(old.items()))
    if kind == "file":
        path = PureWindowsPath(place) if "\\" in place else PurePosixPath(place)
        stem, number = _numbered(path.stem, "-")
        return {"file": str(path.with_name(f"{stem}-{number + 1}{path.suffix}"))}
    taken = {*os.environ, *_variables(folder)}
    beside = place if isinstance(place, str) else "_".join(place.values())
    name = place if kind == "env" else re.sub(r"\W+", "_", f"{beside}_token").upper()
    stem, number = _numbered(name, "_")
    while f"{stem}_{(number := number + 1)}" in taken:
        pass
    return {"env": f"{stem}_{number}"}


def write_token(folder: Path, new: Reference, old: Reference, token: str) -> Path:
    """Write a token into its file, which its owner alone may read; the owner of the old one's.

    On Windows the file has the rights of its folder. Raises `ConfigError` if it is there already.
    """
    path: Path = folder / new["file"]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError.of(
            f"the file {path} is there already, so a rotation was begun",
            "name it in `tokens`, or delete it",
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        _give_to_owner_of(folder / old["file"], handle)
        file.write(f"{token}\n")
    return path


def judge(names: Sequence[str], uses: Mapping[str, Any], now: int) -> Verdict:
    """Say what is next. `names` are the tokens in the order of the file.

    `uses` are their rows in the ledger, as far as a service takes them; `now` is in ms. The new one
    is the one that came last, or the first of those that came together.
    """
    if len(names) < 2:
        return Verdict("One token is named, so none is being replaced.", True)
    unknown = [name for name in names if name not in uses]
    if unknown:
        return Verdict(
            f"The service does not take {_listed(unknown)} yet: run `regbridge check` where the "
            "service's variables are set, and restart it.",
            False,
        )
    new = max(names, key=lambda name: uses[name].since)
    old = [name for name in names if name != new]
    if uses[new].first_used_at is None:
        return Verdict(
            f"Nobody has used {new} yet: enter it in Cvent, save, and validate the integration.",
            False,
        )
    waiting = [name for name in old if not _has_gone(uses[name], uses[new], now)]
    if waiting:
        return Verdict(
            f"Although {new} is in use, {_listed(waiting)} was used after it: another integration "
            "in Cvent may have it, or the change was not saved. Leave it until a day has passed "
            "without it.",
            False,
        )
    return Verdict(
        f"{new} has taken over: take {_listed(old)} out of `tokens`, restart the service, then "
        "delete what held it.",
        True,
    )


def _has_gone(old: Any, new: Any, now: int) -> bool:
    """Say whether an old token is not in use any more."""
    if old.last_used_at is None or old.last_used_at <= new.first_used_at:
        return True
    return bool(now - old.last_used_at >= DAY and new.last_used_at > old.last_used_at)


def _give_to_owner_of(old: Path, handle: int) -> None:
    """Let the service's account read what an administrator writes for it."""
    if sys.platform != "win32" and os.geteuid() == 0 and old.exists():
        known = old.stat()
        os.fchown(handle, known.st_uid, known.st_gid)


def _variables(folder: Path) -> Iterator[str]:
    """Yield the names of all variables that any client's file refers to."""
    for path in client_paths(folder):
        yield from _named(read_draft(folder, path).values)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(name := value.get("env"), str):
            yield name
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _numbered(name: str, sign: str) -> tuple[str, int]:
    """Return a name without its number, and the number; 1 for none."""
    stem, _, number = name.rpartition(sign)
    is_number = bool(stem) and number.isascii() and number.isdigit() and len(number) < 4
    return (stem, int(number)) if is_number else (name, 1)


def _listed(names: Collection[str]) -> str:
    return " and ".join(names)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and [type(each) for each in value.values()] in ([str], [dict])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
