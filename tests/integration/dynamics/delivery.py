"""A Dynamics target at a simulated environment, and records for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from regbridge import Client, Outcome, PluginContext, Record, Target
from regbridge.limits import Limiters, OwnPlaces
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.settings import DynamicsSettings
from regbridge_dynamics.simulator import (
    TENANT,
    Application,
    DataverseSimulator,
    Schema,
    Table,
    registration_schema,
)

APPLICATION = Application()
EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"


class Clock:
    """A time that a test moves; it goes on by itself a little, so that nobody waits for ever."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        self.now += 0.001
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


def settings_for(simulator: DataverseSimulator, folder: Path, **changes: Any) -> dict[str, Any]:
    """Return settings as YAML has them."""
    secret = folder / "client-secret"
    secret.write_text(APPLICATION.secret, encoding="utf-8")
    usual = {
        "url": simulator.url,
        "authority": simulator.url,
        "tenant": TENANT,
        "client_id": APPLICATION.client_id,
        "client_secret": {"file": str(secret)},
        "table": "new_registrationstaging",
        "key": ["new_inviteeid", "new_eventid"],
    }
    values = {**usual, **changes}
    return {name: value for name, value in values.items() if value is not None}


def read_settings(values: Mapping[str, Any]) -> DynamicsSettings:
    return TypeAdapter(DynamicsSettings).validate_python(values)


def make_plugin(
    simulator: DataverseSimulator,
    folder: Path,
    target: Target | None = None,
    clock: Clock | None = None,
    limiters: Limiters | None = None,
    **changes: Any,
) -> Dynamics:
    """Return the plugin of a target; close it."""
    given = target or Target("staging")
    context = PluginContext(
        "dynamics",
        Client("apap", targets={given.name: given}),
        folder,
        given,
        ("targets", given.name),
        limiters or (Limiters(OwnPlaces(), clock, clock.sleep) if clock else Limiters(OwnPlaces())),
    )
    settings = read_settings(settings_for(simulator, folder, **changes))
    return Dynamics(settings, context, clock.moment) if clock else Dynamics(settings, context)


def staging(number: int | str, **fields: Any) -> Record:
    """Return a record of the staging table."""
    keys = {"new_inviteeid": f"invitee-{number}", "new_eventid": EVENT}
    return Record({**keys, "new_firstname": f"Ada {number}", **fields})


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def names(simulator: DataverseSimulator, table: str = "new_registrationstaging") -> list[str]:
    """Return the first names in a table."""
    return sorted(str(row["new_firstname"]) for row in simulator.tables[table])


def changed_schema(name: str, **changes: Any) -> Schema:
    """Return the usual tables, one of them changed."""
    tables: list[Table] = [
        replace(table, **changes) if table.name == name else table
        for table in registration_schema()
    ]
    return Schema(*tables)
