"""Whatever a plugin raises comes out as an error that names client, plugin and stage."""

from __future__ import annotations

import traceback
from types import TracebackType

import structlog

from regbridge.errors import PluginError, RegbridgeError
from regbridge.redact import redact

log = structlog.get_logger()


class Blamed:
    """What a plugin does in the `with` block; anything that it does not explain is a bug of it.

    A class, because it surrounds several calls for each registration, and costs a third of what
    a generator would.
    """

    __slots__ = ("_client", "_plugin", "_stage")

    def __init__(self, client: str, plugin: str, stage: str) -> None:
        self._client = client
        self._plugin = plugin
        self._stage = stage

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
        """Return the error with the names."""
        error.client, error.plugin, error.stage = self._client, self._plugin, self._stage
        return error

    def _bug(self, error: BaseException) -> PluginError:
        bug = PluginError(
            f"the plugin {self._plugin} failed ({type(error).__name__}); this is a bug in it",
            detail=f"{type(error).__name__}: {redact(str(error))}",
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
