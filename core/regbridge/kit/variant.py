"""Which classes, files and entry points a choice of hooks makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from regbridge.kit.names import Names
from regbridge.kit.words import Word


@dataclass(frozen=True)
class Part:
    """One plugin class of a package: its module, what its name ends in, and its first hook."""

    word: Word
    module: str
    suffix: str = ""


# A target cannot be named under `plugins:`, nor a rule under `targets:`; so each is a class.
_PARTS = (
    Part(Word.DELIVER, "deliver"),
    Part(Word.ENRICH, "source", "Source"),
    Part(Word.AUTHENTICATE, "authenticate", "Authentication"),
    Part(Word.FILTER, "filter", "Filter"),
    Part(Word.DEDUPE, "dedupe", "Dedupe"),
    Part(Word.MAP, "mapping", "Mapping"),
)

_VERBS = {
    Word.DELIVER: "delivers registrations to the service",
    Word.ENRICH: "asks the service about registrants",
    Word.AUTHENTICATE: "lets in requests that carry a key",
    Word.FILTER: "leaves registrations out",
    Word.DEDUPE: "says which changes are the same one",
    Word.MAP: "maps registrations by code",
}


@dataclass(frozen=True)
class Variant:
    """A package to write: its names and its hooks. Templates ask it what belongs in."""

    names: Names
    words: frozenset[Word]

    @cached_property
    def parts(self) -> Mapping[str, Part]:
        """The classes by the names of their entry points.

        The first has the plugin's own name, the others its first hook behind that.
        """
        present = [part for part in _PARTS if self._has(part)]
        name = self.names.name
        return MappingProxyType(
            {name if part is present[0] else f"{name}-{self._word(part)}": part for part in present}
        )

    @cached_property
    def entries(self) -> Mapping[str, str]:
        """The names of the entry points by module."""
        return MappingProxyType({part.module: name for name, part in self.parts.items()})

    def class_of(self, module: str) -> str:
        """Return the name of the class in a module."""
        [suffix] = [part.suffix for part in _PARTS if part.module == module]
        return f"{self.names.camel}{suffix}"

    def has(self, *words: str) -> bool:
        """Say whether the package has one of the hooks."""
        return any(word in self.words for word in words)

    @property
    def calls(self) -> bool:
        """Whether it calls a service, and so has a client and a simulator."""
        return self.has("deliver", "enrich", "attendees")

    @property
    def asks(self) -> bool:
        """Whether it asks a service for what it knows, and so has a source."""
        return self.has("enrich", "attendees")

    @property
    def purpose(self) -> str:
        """What the package is for, in one sentence."""
        title = self.names.title
        verbs = [_VERBS[part.word] for part in self.parts.values()]
        if len(verbs) > 1:
            return f"Connects regbridge with {title}: a package of plugins."
        return f"{verbs[0].capitalize()}: the plugin {title} of regbridge."

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of the example client, each with a made-up value."""
        prefix = self.names.variable
        found = {"EXAMPLE_CVENT_TOKEN": "a-long-random-text"}
        if self.has("authenticate"):
            found = {f"{prefix}_KEY": "another-long-random-text"}
        if self.calls:
            found |= {
                f"{prefix}_URL": "http://127.0.0.1:8099",
                f"{prefix}_TOKEN": "simulated-token",
            }
        return MappingProxyType(found)

    def verb(self, part: Part) -> str:
        """Return what a class does, in a few words."""
        return _VERBS[part.word]

    @property
    def settings_imports(self) -> str:
        """What the module of settings imports from regbridge."""
        secret = self.calls or self.has("authenticate")
        return ", ".join(
            filter(None, ["Secret" if secret else "", "Settings", "Text" if self.calls else ""])
        )

    @property
    def source_test_imports(self) -> str:
        """What the test of the class that asks imports from regbridge."""
        wanted = {
            "Client": True,
            "Event": self.has("attendees"),
            "Registration": self.has("enrich"),
            "RejectedError": self.has("enrich"),
            "Target": self.has("check"),
        }
        return ", ".join(name for name, is_used in wanted.items() if is_used)

    @property
    def rule_test_imports(self) -> str:
        """What the test of the rules imports from regbridge."""
        wanted = {
            "Client": self.has("map"),
            "Endpoint": self.has("authenticate"),
            "Registration": self.has("filter", "dedupe", "map"),
            "Request": self.has("authenticate"),
            "Target": self.has("map"),
        }
        return ", ".join(name for name, is_used in wanted.items() if is_used)

    @property
    def posted(self) -> tuple[str, str]:
        """The path of the simulator that takes a body, and the name of the list in it."""
        return ("records", "records") if self.has("deliver") else ("people", "emails")

    @property
    def source_purpose(self) -> str:
        """What the class that asks a service is for."""
        if self.has("enrich"):
            return "Adds what the service knows of a registrant: the member's number and level."
        return "Says whom the service knows of an event, so that nobody is missing."

    def _has(self, part: Part) -> bool:
        return part.word in self.words or (part.word is Word.ENRICH and self.asks)

    def _word(self, part: Part) -> Word:
        return Word.ATTENDEES if part.word not in self.words else part.word
