"""The words for hooks that `--hooks` takes, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean


class Word(StrEnum):
    """A hook, by the word for its stage. The order is that in which they are written."""

    DELIVER = "deliver"
    CHECK = "check"
    READ_BACK = "read-back"
    ENRICH = "enrich"
    ATTENDEES = "attendees"
    AUTHENTICATE = "authenticate"
    FILTER = "filter"
    DEDUPE = "dedupe"
    MAP = "map"


HOOKS = {
    Word.DELIVER: "deliver_records",
    Word.CHECK: "check_connection",
    Word.READ_BACK: "list_delivered",
    Word.ENRICH: "enrich_registrations",
    Word.ATTENDEES: "list_attendees",
    Word.AUTHENTICATE: "authenticate_request",
    Word.FILTER: "filter_registration",
    Word.DEDUPE: "dedupe_key",
    Word.MAP: "map_registration",
}
"""The hook of each word."""

_WORDS = tuple(word.value for word in Word)
_CALLERS = frozenset({Word.DELIVER, Word.ENRICH, Word.ATTENDEES})
_BY_HOOK = {hook: word for word, hook in HOOKS.items()}


def read_words(text: str) -> frozenset[Word]:
    """Return the words of a list such as `deliver,enrich`; a hook's own name is one as well.

    Raises `ConfigError` with all that is wrong with it.
    """
    given = [part.strip().lower() for part in text.split(",") if part.strip()]
    findings = [
        _wrong(f"no hook {part!r}", did_you_mean(part, _WORDS))
        for part in dict.fromkeys(given)
        if part not in set(Word) and part not in _BY_HOOK
    ]
    if not given:
        findings.append(_wrong("no hook is named", did_you_mean("", _WORDS)))
    if findings:
        raise ConfigError(findings)
    words = frozenset(_BY_HOOK.get(part) or Word(part) for part in given)
    if findings := list(_senseless(words)):
        raise ConfigError(findings)
    return words


def in_order(words: Sequence[Word] | frozenset[Word]) -> list[Word]:
    """Return words in the order in which they are written."""
    return [word for word in Word if word in words]


def _senseless(words: frozenset[Word]) -> Iterator[Finding]:
    if Word.READ_BACK in words and Word.DELIVER not in words:
        yield _wrong(
            "read-back tells what a target has, and without deliver there is no target",
            "add deliver, or leave out read-back",
        )
    if Word.CHECK in words and not words & _CALLERS:
        yield _wrong(
            "check tries a connection, and none of the other hooks has one",
            "add deliver, enrich or attendees, or leave out check",
        )


def _wrong(message: str, remedy: str) -> Finding:
    return Finding(Level.ERROR, message, "--hooks", remedy)
