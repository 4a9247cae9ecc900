"""Compares a target with its environment before the first record, and changes nothing there."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import tzinfo
from typing import Any

from regbridge import (
    CredentialsError,
    Finding,
    Level,
    PluginContext,
    RegbridgeError,
)
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.errors import Refusal
from regbridge_dynamics.fit import misfits
from regbridge_dynamics.mapped import MapCheck
from regbridge_dynamics.metadata import Metadata
from regbridge_dynamics.privileges import privilege_findings
from regbridge_dynamics.schema import Table
from regbridge_dynamics.settings import DynamicsSettings

Keys = tuple[str | int, ...]


def check_target(
    web: WebApi, settings: DynamicsSettings, context: PluginContext, zone: tzinfo | None
) -> list[Finding]:
    """Return findings about token, user, table, key, columns, choices, lookups and privileges.

    Each that is wrong has a remedy and the `path` of what is to be changed. Never raises for an
    environment that does not answer: that is a finding.
    """
    findings: list[Finding] = []
    try:
        for finding in _findings(web, settings, context, zone):
            findings.append(finding)  # noqa: PERF402  # what was found before an error counts
    except CredentialsError as error:
        path = (*context.path, "settings")
        remedy = "correct the settings, or let an administrator of the environment help"
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=path))
    except RegbridgeError as error:
        path = (*context.path, "settings", "url")
        remedy = "try again later, or correct url"
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=path))
    return findings


def _findings(
    web: WebApi, settings: DynamicsSettings, context: PluginContext, zone: tzinfo | None
) -> Iterator[Finding]:
    at = (*context.path, "settings")
    user = yield from _user(web, settings, at)
    if not user:
        return
    metadata = Metadata(web, is_fresh=True)
    table = yield from _table(metadata, settings.table, (*at, "table"))
    parents: dict[str, Table] = {}
    for name, lookup in settings.lookups.items():
        parent = yield from _table(metadata, lookup.table, (*at, "lookups", name, "table"))
        if parent:
            parents[lookup.table] = parent
    if not table or any(one.table not in parents for one in settings.lookups.values()):
        return
    yield from _fit(table, parents, settings, context, zone)
    yield from privilege_findings(web, user, table, parents, settings, at)


def _user(web: WebApi, settings: DynamicsSettings, at: Keys) -> Generator[Finding, None, str]:
    """Yield whether the environment lets us in; return the application user's id."""
    found = web.get("WhoAmI")
    if isinstance(found, Refusal):
        yield Finding(
            Level.ERROR,
            f"there is a token, but the environment does not let us in: {found}",
            remedy="make an application user for the app registration in the environment",
            path=(*at, "client_id"),
        )
        return ""
    user = str(found.json().get("UserId") or "")
    yield Finding(Level.OK, f"the environment knows us as the application user {user}", path=at)
    if web.recommended and settings.concurrency > web.recommended:
        yield Finding(
            Level.WARNING,
            f"the environment recommends at most {web.recommended} calls at the same time, and no "
            "more are made",
            remedy=f"write concurrency: {web.recommended}",
            path=(*at, "concurrency"),
        )
    return user


def _table(metadata: Metadata, name: str, path: Keys) -> Generator[Finding, None, Table | None]:
    """Yield that there is no such table, or return it."""
    table = metadata.find(name)
    if table is None:
        text = f"the environment has no table {name!r}"
        yield Finding(Level.ERROR, text, remedy=metadata.suggestion(name), path=path)
    return table


def _fit(
    table: Table,
    parents: Mapping[str, Table],
    settings: DynamicsSettings,
    context: PluginContext,
    zone: tzinfo | None,
) -> Iterator[Finding]:
    """Yield what settings and map say that the tables do not have, or that all is well."""
    found = [
        Finding(
            Level.ERROR, one.text, remedy=one.remedy, path=(*context.path, "settings", *one.path)
        )
        for one in misfits(table, parents, settings)
    ]
    mapped: Mapping[str, Any] = context.target.map if context.target else {}
    check = MapCheck(table, parents, settings, zone, (*context.path, "map"))
    found += check.findings(mapped)
    yield from found
    if not any(finding.level is Level.ERROR for finding in found):
        how = "UpsertMultiple" if table.takes_bulk else "batches: it takes no bulk operations"
        text = f"the table {table.name} has this key and these columns, and is written by {how}"
        yield Finding(Level.OK, text, path=context.path)
