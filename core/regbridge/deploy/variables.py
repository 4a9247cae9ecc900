"""The variables that hold secrets, in the file from which a service gets them.

A `web.config` of IIS, the XML file of WinSW, or a file that systemd's `EnvironmentFile` names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from regbridge.deploy.quoting import environment_value, require_plain
from regbridge.errors import ConfigError

NAME = r"[A-Za-z_][A-Za-z0-9_]*"

_ELEMENTS = {"configuration": "environmentVariable", "service": "env"}
_LINE = re.compile(rf"\s*({NAME})\s*=\s*(.*?)\s*")
_WINDOWS_VARIABLE = re.compile("%[^%]+%")


def read_variables(path: Path) -> dict[str, str]:
    """Return the variables of a file, those without a value too. Raises `ConfigError`."""
    text = _read(path)
    if _is_xml(text):
        return {name: element.get("value", "") for name, element in _elements(_tree(path, text))}
    found = filter(None, map(_LINE.fullmatch, text.splitlines()))
    return {line[1]: _unquoted(line[2]) for line in found}


def kept_variables(path: Path, needed: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return what a file is to hold: what it holds already, and what is needed, with no value."""
    known = read_variables(path) if path.exists() else {}
    return list((dict.fromkeys(needed, "") | known).items())


def with_values(path: Path, values: Mapping[str, str]) -> str:
    """Return the text of a file with new values of variables that it holds.

    Raises `ConfigError` for a value that cannot be written there.
    """
    text = _read(path)
    try:
        return _xml(path, text, values) if _is_xml(text) else _lines(text, values)
    except ValueError as error:
        remedy = "keep it in a file of its own, and write {file: PATH} instead of {env: NAME}"
        raise ConfigError.of(f"this value cannot be written: {error}", remedy, str(path)) from None


def set_variables(path: Path) -> None:
    """Give this process the variables of a file that have a value. Raises `ConfigError`."""
    os.environ.update({name: value for name, value in read_variables(path).items() if value})


def _xml(path: Path, text: str, values: Mapping[str, str]) -> str:
    tree = _tree(path, text)
    for name, element in _elements(tree):
        if name in values:
            element.set("value", _unexpanded(require_plain(values[name])))
    return etree.tostring(tree, encoding="unicode")


def _lines(text: str, values: Mapping[str, str]) -> str:
    return "".join(f"{_line(line, values)}\n" for line in text.splitlines())


def _line(line: str, values: Mapping[str, str]) -> str:
    found = _LINE.fullmatch(line)
    if found and found[1] in values:
        return f"{found[1]}={environment_value(values[found[1]])}"
    return line


def _unexpanded(value: str) -> str:
    if _WINDOWS_VARIABLE.search(value):
        raise ValueError("Windows takes what is between two percent signs for a variable's name")
    return value


def _unquoted(text: str) -> str:
    """Return what systemd reads from the right side of a line."""
    if text[:1] == text[-1:] == "'" and len(text) > 1:
        return text[1:-1]
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        return re.sub(r'\\(["\\`$])', r"\1", text[1:-1])
    return re.sub(r"\\(.)", r"\1", text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeError:
        raise ConfigError.of("the file is not UTF-8", "save it as UTF-8", str(path)) from None


def _is_xml(text: str) -> bool:
    return text.lstrip().startswith("<")


def _tree(path: Path, text: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(text.encode(), parser).getroottree()
    except etree.XMLSyntaxError as error:
        remedy = "repair it; in a value & is written as &amp; and < as &lt;"
        raise ConfigError.of(f"this is not XML: {error.msg}", remedy, str(path)) from None


def _elements(tree: Any) -> Iterator[tuple[str, Any]]:
    for element in tree.iter(_ELEMENTS.get(tree.getroot().tag, "environmentVariable")):
        if name := element.get("name"):
            yield name, element
