"""Whatever a plugin raises comes out as an error that names client, plugin and stage."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType

import structlog

from regbridge.errors import PluginError, RegbridgeError
from regbridge.hidden import hide
from regbridge.models import Record, Registration, Request
from regbridge.redact import masker, values_in

log = structlog.get_logger()

_LONGEST = 10_000


class Blamed:
    """What a plugin does in the `with` block; anything that it does not explain is a bug of it.

    `about` is what the plugin works on: its words are taken out of what it says about a bug. A
    class, because this surrounds several calls for each registration, and costs a third of what a
    generator would.
    """

    __slots__ = ("_about", "_client", "_plugin", "_stage")

    def __init__(self, client: str, plugin: str, stage: str, about: object = None) -> None:
        self._client = client
        self._plugin = plugin
        self._stage = stage
        self._about = about

    def __enter__(self) -> Blamed:
        return self

    def __exit__(
        self, _kind: object, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if isinstance(error, RegbridgeError):
            self.blame(error)
        elif isinstance(error, Exception | SystemExit):  # an exit would end the thread silently
            raise self.blame(self._bug(error)) from error

    def blame(self, error: RegbridgeError) -> RegbridgeError:
        """Return the error with the names, and without the secrets that a plugin put into it."""
        error.args = tuple(hide(arg) if isinstance(arg, str) else arg for arg in error.args)
        error.detail = hide(error.detail)
        error.client, error.plugin, error.stage = self._client, self._plugin, self._stage
        return error

    def _bug(self, error: BaseException) -> PluginError:
        said = masker(values_in(*_personal(self._about)))(hide(str(error))[:_LONGEST])
        bug = PluginError(
            f"the plugin {self._plugin} failed ({type(error).__name__}); this is a bug in it",
            detail=f"{type(error).__name__}: {said}",
        )
        frame = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "plugin failed",
            client=self._client,
            plugin=self._plugin,
            stage=self._stage,
            error=bug.detail,
            at=f"{frame.filename}:{frame.lineno}",
        )
        return bug


def _personal(about: object) -> Iterator[object]:
    """Yield what is personal, or secret, in the arguments of a hook."""
    match about:
        case Registration():
            yield from (about.fields, about.enriched)
        case Record():
            yield about.fields
        case Request():
            yield list(about.headers.values())
        case Mapping():
            for value in about.values():
                yield from _personal(value)
        case list() | tuple():
            for value in about:
                yield from _personal(value)
