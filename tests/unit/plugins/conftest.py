"""Builders of the values that the bundled plugins are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from regbridge import (
    Client,
    ConfigError,
    Event,
    Finding,
    Kind,
    Plugin,
    PluginContext,
    Product,
    Question,
    Registration,
    Target,
)

CONFERENCE = Event(
    "conference-2027",
    "0b4c4410-1d46-43cd-a903-e8cf9de6ade5",
    "America/New_York",
    {name: Question(name, code=name.upper()) for name in ("member_id", "volunteer")},
    {"luncheon": Product("luncheon", title="Awards Luncheon")},
)
SUMMIT = Event("summit-2027", "1c4c4410-1d46-43cd-a903-e8cf9de6ade5", "Europe/Vienna")


@pytest.fixture(scope="session")
def events() -> Mapping[str, Event]:
    """Two events: one in New York with questions, one in Vienna without."""
    return {event.name: event for event in (CONFERENCE, SUMMIT)}


@pytest.fixture(scope="session")
def registration() -> Callable[..., Registration]:
    """Build a registration of the conference; keywords replace its values."""

    def build(**values: Any) -> Registration:
        usual: dict[str, Any] = {
            "id": 1,
            "client": "apap",
            "endpoint": "CventReg",
            "kind": Kind.REGISTRATION,
            "event_type": "InviteeOrGuestAccepted",
            "fields": {"firstName": "Rory", "lastName": "Wamle", "email": "rwamle@example.com"},
            "subject": f"registration:{CONFERENCE.id}:82506834-04d3-4c30-971a-df06eaccd6cd",
            "event": CONFERENCE,
            "event_stub": CONFERENCE.id,
            "message_stub": "61d9d9d3-179f-492b-929d-970d75362136",
        }
        return Registration(**{**usual, **values})

    return build


@pytest.fixture(scope="session")
def plugin(events: Mapping[str, Event]) -> Callable[..., Any]:
    """Build a plugin from its class and its settings, as a client's file would."""

    def build(
        cls: type[Plugin],
        settings: Mapping[str, Any] | None = None,
        *,
        target: Target | None = None,
        folder: Path = Path(),
        client: Client | None = None,
    ) -> Any:
        targets = {target.name: target} if target else {}
        context = PluginContext(
            name="under-test",
            client=client or Client("apap", events=events, targets=targets),
            folder=folder,
            target=target,
            path=("targets", target.name) if target else ("plugins", 0),
        )
        return cls(cls.settings_model.model_validate(settings or {}), context)

    return build


@pytest.fixture(scope="session")
def findings(plugin: Callable[..., Any]) -> Callable[..., list[Finding]]:
    """Build a plugin that refuses its configuration, and return what it says."""

    def build(*args: Any, **keywords: Any) -> list[Finding]:
        with pytest.raises(ConfigError) as caught:
            plugin(*args, **keywords)
        return list(caught.value.findings)

    return build
