"""The name of a new plugin, and every name that follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import distribution

from regbridge.errors import ConfigError
from regbridge.registry import installed
from regbridge.shipped import CONFIGS, SAMPLES

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LONGEST = 24  # with more, some of the lines that are written would not fit into 100 columns
_OURS = "regbridge"


@dataclass(frozen=True, slots=True)
class Names:
    """What a plugin is called: `crm-one` in a client file, `regbridge_crm_one` in Python."""

    name: str

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return f"{_OURS}-{self.name}"

    @property
    def package(self) -> str:
        """What Python imports, and the folder's name."""
        return f"{_OURS}_{self.snake}"

    @property
    def snake(self) -> str:
        """The name as a part of a module's name."""
        return self.name.replace("-", "_")

    @property
    def camel(self) -> str:
        """The name as the beginning of a class's."""
        return "".join(word.capitalize() for word in self.name.split("-"))

    @property
    def title(self) -> str:
        """The name as people read it."""
        return " ".join(word.capitalize() for word in self.name.split("-"))

    @property
    def variable(self) -> str:
        """The name as the beginning of an environment variable's."""
        return self.snake.upper()


def read_name(text: str) -> Names:
    """Return the names of a plugin. Raises `ConfigError` for one that cannot be, or is ours."""
    if text.startswith((f"{_OURS}-", f"{_OURS}_")):
        raise ConfigError.of(
            f"the name {text!r} would make the package {_OURS}_{text.replace('-', '_')}",
            f"leave out {text[: len(_OURS) + 1]}",
            "NAME",
        )
    if not _NAME.fullmatch(text) or len(text) > _LONGEST:
        raise ConfigError.of(
            f"the name {text!r} cannot be taken",
            f"write at most {_LONGEST} letters (a-z), digits and single hyphens, a letter first",
            "NAME",
        )
    names = Names(text)
    if text in _bundled_names() or names.package in _bundled_packages():
        raise ConfigError.of(
            f"the name {text!r} is one of regbridge's own", "choose another one", "NAME"
        )
    return names


def taken(entries: list[str]) -> list[str]:
    """Return those names of plugins that an installed package has already, each with its name."""
    found = installed()
    return [
        f"{name} of {entry.dist.name if entry.dist else entry.value}"
        for name in entries
        if (entry := found.get(name))
    ]


def _bundled_names() -> set[str]:
    return {entry.name for entry in distribution(_OURS).entry_points}


def _bundled_packages() -> set[str]:
    points = distribution(_OURS).entry_points
    return {CONFIGS, SAMPLES} | {entry.module.partition(".")[0] for entry in points}
