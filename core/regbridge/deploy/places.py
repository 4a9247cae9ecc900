"""Where regbridge and its configuration are on the machine that the files are written for."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from regbridge.deploy.needs import Needs
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

_HIDDEN = ("home", "root", "run/user", "tmp", "var/tmp")
_NOT_IN_A_PROGRAM = set("$'\"\\*?[]")
"""What systemd refuses in the name of a program, however it is quoted, or takes literally."""


@dataclass(frozen=True, slots=True)
class Places:
    """The program and the folder of `base.yaml`, as absolute paths of that machine."""

    program: str
    configs: str


def windows_places(program: str, configs: str, here: Path) -> Places:
    """Return the places on a Windows machine: as given, or those of this one if it is such.

    `here` is the folder of `base.yaml` on this machine. Raises `ConfigError`.
    """
    places = _given_or_here(program, configs, here, is_there=sys.platform == "win32")
    _refuse([*_unfit_for_windows(places)])
    return places


def linux_places(program: str, configs: str, here: Path) -> Places:
    """Return the places on a Linux machine: as given, or those of this one if it is such."""
    places = _given_or_here(program, configs, here, is_there=sys.platform == "linux")
    _refuse([*_unfit_for_linux(places)])
    return places


def ledger_there(needs: Needs, configs: PurePath) -> str:
    """Return the ledger's file on that machine, "" for a ledger that is not a file."""
    if needs.ledger is None:
        return ""
    here = needs.folder.absolute()
    if needs.ledger.is_relative_to(here):
        return str(configs / needs.ledger.relative_to(here))
    return str(needs.ledger)


def for_one_user(places: Places) -> Iterator[Finding]:
    """Yield a warning for a program that Windows shows to the person alone who installed it."""
    for path in filter(None, (places.program, _python_of(places.program))):
        if any(part.lower() == "users" for part in PureWindowsPath(path).parts):
            yield Finding(
                Level.WARNING,
                f"{path} is in a person's own folder, which the service may not read",
                remedy="install Python for all users, and regbridge in a folder such as "
                "C:\\regbridge",
            )


def is_hidden(path: str) -> bool:
    """Whether a path is one that the unit keeps from the service."""
    return any(PurePosixPath(path).is_relative_to(f"/{folder}") for folder in _HIDDEN)


def _given_or_here(program: str, configs: str, here: Path, *, is_there: bool) -> Places:
    if not is_there and not (program and configs):
        raise ConfigError.of(
            "these files are for a machine of another kind than this one",
            "say with --program and --configs-there where regbridge and the folder of base.yaml "
            "are on that machine",
        )
    return Places(program or str(_this_program()), configs or str(here.absolute()))


def _this_program() -> Path:
    name = "regbridge.exe" if sys.platform == "win32" else "regbridge"
    found = Path(sysconfig.get_path("scripts")) / name
    if not found.exists():
        raise ConfigError.of(f"there is no {found}", "say with --program where regbridge is")
    return found


def _unfit_for_windows(places: Places) -> Iterator[Finding]:
    for option, text in _options(places):
        path = PureWindowsPath(text)
        if not path.is_absolute():
            yield _wrong(f"{text!r} is no absolute path of Windows", option)
        if set(text) & set('%"'):
            yield _wrong(f"{text!r} has a percent sign or a quotation mark", option)
    if places.configs.startswith(("\\\\", "//")):
        yield _wrong("a ledger does not work on a network share; take a local disk")


def _python_of(program: str) -> str:
    """Return where the Python of a program's virtual environment is, "" if that cannot be seen."""
    try:
        text = (Path(program).parent.parent / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""
    found = re.search(r"^home\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    return found[1] if found else ""


def _unfit_for_linux(places: Places) -> Iterator[Finding]:
    if is_hidden(python := _python_of(places.program)):
        yield Finding(
            Level.ERROR,
            f"the service does not see {python}, the Python of {places.program}",
            remedy="make the virtual environment with a Python that is installed for everybody, "
            "such as /usr/bin/python3",
        )
    for option, text in _options(places):
        if not PurePosixPath(text).is_absolute():
            yield _wrong(f"{text!r} is no absolute path", option)
        if option == "--program" and set(text) & _NOT_IN_A_PROGRAM:
            yield _wrong(f"systemd takes no program of the name {text!r}", option)
        if is_hidden(text):
            yield Finding(
                Level.ERROR,
                f"the service does not see {text}: homes and temporary folders are hidden from it",
                remedy="move it, such as to /opt/regbridge and /var/lib/regbridge/configs",
            )


def _options(places: Places) -> Iterator[tuple[str, str]]:
    yield "--program", places.program
    yield "--configs-there", places.configs


def _wrong(message: str, option: str = "--configs-there") -> Finding:
    return Finding(Level.ERROR, message, remedy=f"say another one with {option}")


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise ConfigError(findings)
