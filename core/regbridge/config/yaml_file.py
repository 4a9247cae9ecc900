"""A YAML file with the line of every value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regbridge.config.place import Keys, Origins, place
from regbridge.config.yaml_syntax import YamlError, compose
from regbridge.config.yaml_values import Reader
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

_TOP: Mapping[type, str] = {dict: "a mapping (key: value)", list: "a list (- item)"}


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says. `lines` has the line (from 1) of every value, by the keys to it."""

    path: Path
    value: Any = field(repr=False)
    lines: Mapping[Keys, int] = field(repr=False)

    @property
    def origins(self) -> Origins:
        """The file with the line of every value."""
        return {keys: (self.path, line) for keys, line in self.lines.items()}


def read_yaml(path: Path, top: type = dict) -> YamlFile:
    """Read a file whose top level is a mapping, or a list if `top` is `list`.

    Only `true` and `false` are booleans; dates, times and numbers with leading zeros are text.
    Raises `ConfigError` with everything that is wrong with the file as YAML.
    """
    reader = Reader()
    try:
        node = compose(_read_text(path))
        if node is None:
            raise YamlError(1, "the file is empty", f"{_TOP[top]} was expected")
        value = reader.read(node)
    except YamlError as problem:
        raise _error(path, [problem]) from None
    if reader.problems:
        raise _error(path, reader.problems)
    if not isinstance(value, top):
        message = f"{_TOP[top]} was expected at the top of the file"
        raise _error(path, [YamlError(node.start_mark.line + 1, message)])
    return YamlFile(path, value, reader.lines)


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlError(line, "the file is not UTF-8", "save it as UTF-8") from None
    except OSError as error:
        if path.is_dir():
            message = "this is a folder, a YAML file was expected"
        elif isinstance(error, FileNotFoundError):
            message = "there is no such file"
        else:
            message = f"the file cannot be read ({error.strerror})"
        raise YamlError(1, message) from None


def _error(path: Path, problems: list[YamlError]) -> ConfigError:
    findings = (
        Finding(
            Level.ERROR,
            problem.message,
            place(path, problem.line, problem.keys),
            problem.remedy,
            problem.keys,
        )
        for problem in sorted(problems, key=lambda problem: problem.line)
    )
    # What an anchor repeats is wrong at every repetition.
    return ConfigError(list(dict.fromkeys(findings)))
