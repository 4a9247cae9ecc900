"""Compares a target with its org before the first record, and changes nothing there."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import tzinfo
from typing import Any
from urllib.parse import urlsplit

from regbridge import (
    CredentialsError,
    Finding,
    Level,
    PluginContext,
    QuotaExceededError,
    RegbridgeError,
)
from regbridge_salesforce.client import RestApi
from regbridge_salesforce.errors import Refusal
from regbridge_salesforce.fit import misfits, parent_of
from regbridge_salesforce.mapped import map_findings
from regbridge_salesforce.metadata import Metadata
from regbridge_salesforce.schema import SObject
from regbridge_salesforce.settings import SalesforceSettings

Keys = tuple[str | int, ...]


def check_target(
    api: RestApi, settings: SalesforceSettings, context: PluginContext, zone: tzinfo | None
) -> list[Finding]:
    """Return findings about token, version, object, external id, map, lookups and calls left.

    Each that is wrong has a remedy and the `path` of what is to be changed. Never raises for an
    org that does not answer: that is a finding.
    """
    at = (*context.path, "settings")
    findings: list[Finding] = []
    try:
        for finding in _findings(api, settings, context, zone):
            findings.append(finding)  # noqa: PERF402  # what was found before an error counts
    except QuotaExceededError as error:
        remedy = (
            "look who makes them in Setup, System Overview; or write a smaller reserve_calls. "
            "Until then nothing is delivered, and nothing more is checked"
        )
        path = (*at, "reserve_calls")
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=path))
    except CredentialsError as error:
        remedy = "correct the settings, or let the org's administrator help"
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=at))
    except RegbridgeError as error:
        remedy = "try again later, or correct url"
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=(*at, "url")))
    return findings


def _findings(
    api: RestApi, settings: SalesforceSettings, context: PluginContext, zone: tzinfo | None
) -> Iterator[Finding]:
    at = (*context.path, "settings")
    left = yield from _calls_left(api, settings, at)
    if left is None:
        return
    metadata = Metadata(api)
    sobject = yield from _object(metadata, settings.object, (*at, "object"))
    if sobject is None:
        return
    parents: dict[str, SObject] = {}
    for name, lookup in settings.lookups.items():
        if parent := parent_of(sobject, name, lookup):
            found = yield from _object(metadata, parent, (*at, "lookups", name))
            if found:
                parents[name] = found
    yield from _fit(sobject, parents, settings, context, zone)


def _calls_left(
    api: RestApi, settings: SalesforceSettings, at: Keys
) -> Generator[Finding, None, int | None]:
    """Yield whether the org lets us in, by this version, and how many calls it has left."""
    found = api.get("/limits")
    if isinstance(found, Refusal):
        known = api.versions()
        yield Finding(
            Level.ERROR,
            f"there is a token, but the org does not answer as version {settings.api_version}: "
            f"{found}",
            remedy=f"its newest version is {known[-1]}" if known else "correct api_version or url",
            path=(*at, "api_version"),
        )
        return None
    daily = _daily(found.json())
    most, left = int(daily.get("Max") or 0), int(daily.get("Remaining") or 0)
    text = f"the org lets us in; {left:,} of its {most:,} calls of 24 hours are left"
    yield Finding(Level.OK, text, path=at)
    named = urlsplit(api.instance).netloc.lower()
    if named and named != urlsplit(api.url).netloc:
        yield Finding(
            Level.WARNING,
            f"Salesforce calls this org {named}, and nothing is sent there",
            remedy="write that address as url",
            path=(*at, "url"),
        )
    return left


def _daily(document: Any) -> Mapping[str, Any]:
    found = document.get("DailyApiRequests") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _object(metadata: Metadata, name: str, path: Keys) -> Generator[Finding, None, SObject | None]:
    """Yield that the user sees no such object, or return it."""
    found = metadata.find(name)
    if found is None:
        yield Finding(
            Level.ERROR,
            f"the integration user sees no object {name!r}",
            remedy=metadata.suggestion(name),
            path=path,
        )
    return found


def _fit(
    sobject: SObject,
    parents: Mapping[str, SObject],
    settings: SalesforceSettings,
    context: PluginContext,
    zone: tzinfo | None,
) -> Iterator[Finding]:
    """Yield what settings and map say that the objects do not have, or that all is well."""
    at = (*context.path, "settings")
    found = [
        Finding(Level.ERROR, one.text, remedy=one.remedy, path=(*at, *one.path))
        for one in misfits(sobject, parents, settings)
    ]
    key = sobject.fields.get(settings.external_id)
    if key and key.is_external_id and not key.is_unique:
        found.append(
            Finding(
                Level.WARNING,
                f"{key.name} is not unique, and a record is refused once two have its value",
                remedy="tick Unique at the field in Setup",
                path=(*at, "external_id"),
            )
        )
    if not sobject.can_query:
        found.append(
            Finding(
                Level.WARNING,
                f"the integration user may not read {sobject.name}, so nothing is reconciled",
                remedy="give it the right by a permission set",
                path=(*at, "object"),
            )
        )
    mapped: Mapping[str, Any] = context.target.map if context.target else {}
    found += map_findings(sobject, parents, settings, zone, (*context.path, "map"), mapped)
    yield from found
    if not any(finding.level is Level.ERROR for finding in found):
        text = f"the object {sobject.name} has this external id and these fields"
        yield Finding(Level.OK, text, path=context.path)
