"""A vendor's simulator that takes part in `regbridge demo`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from regbridge.models import Registration

GROUP = "regbridge.demo"
"""The entry points of what takes part in the demo: a subclass of `DemoService` for each name."""


class DemoService(ABC):
    """One vendor's part in the demo; it is started before the host and stopped after it."""

    @abstractmethod
    def start(self) -> Mapping[str, str]:
        """Listen, and return the environment variables that the example client's file names."""

    @abstractmethod
    def learn(self, registrations: Sequence[Registration]) -> None:
        """Be told what a message holds before it is sent."""

    @abstractmethod
    def figures(self) -> Mapping[str, int]:
        """Return what the account of the demo shows, such as `calls of Cvent's API`: 9."""

    @abstractmethod
    def stop(self) -> None:
        """Stop listening."""
