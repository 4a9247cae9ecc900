"""Quotes values for the files that are written: XML, PowerShell, shell, systemd, nginx."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping
from xml.sax.saxutils import escape

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|[\ud800-\udfff]")
# NOTE: PowerShell takes the typographic quotes, which word processors write, for quotes too.
_POWERSHELL_QUOTE = re.compile("['\u2018\u2019\u201a\u201b]")
_PLAIN = re.compile(r"[A-Za-z0-9_./:-]+")
_XML_QUOTES = {'"': "&quot;", "'": "&apos;"}


class Quoted(str):
    """A text that stands for one value and nothing else where it is written."""

    __slots__ = ()


def require_plain(value: str) -> str:
    """Return a value; raises `ValueError` for control characters, which fit into no such file."""
    if _CONTROL.search(value):
        raise ValueError("a line break or another control character cannot be written there")
    return value


def plain(value: str) -> Quoted:
    """Return a value that needs no quotes anywhere: letters, digits and `_ . / : -`."""
    if not _PLAIN.fullmatch(value):
        raise ValueError("only letters, digits and _ . / : - can be written there")
    return Quoted(value)


def xml(value: str) -> Quoted:
    """Return what stands for a value in the text or in an attribute of XML."""
    return Quoted(escape(require_plain(value), _XML_QUOTES))


def powershell(value: str) -> Quoted:
    """Return a string of PowerShell in which nothing is replaced."""
    doubled = _POWERSHELL_QUOTE.sub(lambda quote: quote[0] * 2, require_plain(value))
    return Quoted(f"'{doubled}'")


def powershell_list(values: Iterable[str]) -> Quoted:
    """Return an array of PowerShell."""
    return Quoted(f"@({', '.join(map(powershell, values))})")


def shell(value: str) -> Quoted:
    """Return a word of the shell."""
    return Quoted(shlex.quote(require_plain(value)))


def windows_argument(value: str) -> str:
    """Return an argument for a command line of Windows; an XML attribute needs `xml` around it."""
    if '"' in require_plain(value):
        raise ValueError("a quotation mark cannot stand in an argument")
    return subprocess.list2cmdline([value])


def systemd(value: str) -> Quoted:
    """Return a word of a systemd unit: no specifier, no variable, no escape of its own."""
    text = require_plain(value).replace("\\", "\\\\").replace('"', '\\"')
    return Quoted(f'"{text.replace("%", "%%").replace("$", "$$")}"')


def systemd_path(value: str) -> Quoted:
    """Return a path that is a whole setting of systemd, which takes no quotes there."""
    if "\\" in require_plain(value) or value != value.strip():
        raise ValueError("a backslash, or a space at an end, cannot stand in a path there")
    return Quoted(value.replace("%", "%%"))


def environment_value(value: str) -> Quoted:
    """Return the value of a variable in a file that systemd's EnvironmentFile names."""
    escaped = re.sub(r'(["\\`$])', r"\\\1", require_plain(value))
    return Quoted(f'"{escaped}"' if escaped else "")


def nginx(value: str) -> Quoted:
    """Return a parameter of nginx. Raises `ValueError` for a dollar sign, which it cannot quote."""
    if "$" in require_plain(value):
        raise ValueError("nginx would take a dollar sign for the name of a variable")
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return Quoted(f'"{text}"')


def number(value: int) -> Quoted:
    """Return a whole number."""
    return Quoted(f"{value:d}")


QUOTES: Mapping[str, Callable[..., Quoted]] = {
    "plain": plain,
    "xml": xml,
    "powershell": powershell,
    "powershell_list": powershell_list,
    "shell": shell,
    "systemd": systemd,
    "systemd_path": systemd_path,
    "environment_value": environment_value,
    "nginx": nginx,
    "number": number,
}
"""The functions by the names under which templates use them."""
