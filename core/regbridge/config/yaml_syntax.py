"""YAML text → a tree of nodes, with fewer surprises than YAML 1.1 has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from regbridge.config.place import Keys

MAX_DEPTH = 50
MERGE = "tag:yaml.org,2002:merge"
TEXT = "tag:yaml.org,2002:str"

# Postcodes, phone numbers, times and words such as `no` are text; so is a number that would lose
# digits. `\Z`, because `$` would also match before a line break.
SCALARS: Mapping[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "tag:yaml.org,2002:null": (re.compile(r"(?:|~|null)\Z"), lambda _: None),
    "tag:yaml.org,2002:bool": (re.compile(r"(?:true|false)\Z"), lambda text: text == "true"),
    "tag:yaml.org,2002:int": (re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z"), int),
    "tag:yaml.org,2002:float": (re.compile(r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,6}\Z"), float),
}
_FIRST_CHARACTERS = {"null": ["", "~", "n"], "bool": ["t", "f"]}
_LOOK = "look at this line and the ones above it: how far they are indented, quotes, colons"


class YamlError(Exception):
    """The text is not YAML that regbridge reads: the line (from 1), what is wrong, what to do."""

    def __init__(self, line: int, message: str, remedy: str = "", keys: Keys = ()) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.remedy = remedy
        self.keys = keys


def compose(text: str) -> yaml.Node | None:
    """Return the top node of the text's only document, None when there is nothing in it.

    Raises `YamlError`.
    """
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(
            line, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        ) from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _problem(error, text) from None
    except (ValueError, OverflowError):  # an escape that names no character
        raise YamlError(loader.line + 1, "this is not valid YAML", _LOOK) from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    # Not those of YAML 1.1; the ones below are added instead.
    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML declares no class variable

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self._depth > MAX_DEPTH:
            line = self.line + 1
            raise YamlError(line, f"nested too deeply; {MAX_DEPTH} levels are enough")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


for _tag, (_pattern, _) in SCALARS.items():
    _first = _FIRST_CHARACTERS.get(_tag.rpartition(":")[2], list("-0123456789"))
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
_Loader.add_implicit_resolver(MERGE, re.compile(r"<<\Z"), ["<"])


def _problem(error: yaml.MarkedYAMLError, text: str) -> YamlError:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    written = text.splitlines()[line] if line < len(text.splitlines()) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in str(error.problem):
        return YamlError(line + 1, "a tab cannot indent YAML", "use spaces")
    what = ", ".join(filter(None, (error.context, error.problem)))
    return YamlError(line + 1, f"this is not valid YAML: {what}", _LOOK)
