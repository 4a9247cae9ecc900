"""Compares a target with its account before the first record, and changes nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from regbridge import CredentialsError, Finding, Level, PluginContext, RegbridgeError
from regbridge_hubspot.client import HubspotApi
from regbridge_hubspot.definitions import Properties, read_properties
from regbridge_hubspot.fit import misfit
from regbridge_hubspot.inputs import EMAIL
from regbridge_hubspot.mapped import map_findings
from regbridge_hubspot.settings import HubspotSettings

Keys = tuple[str | int, ...]


def check_target(
    api: HubspotApi, settings: HubspotSettings, context: PluginContext, zone: tzinfo | None
) -> list[Finding]:
    """Return findings about credential, account, limits, id, and each property of the map.

    Each that is wrong has a remedy and the `path` of what is to be changed. Never raises for an
    account that does not answer: that is a finding.
    """
    findings: list[Finding] = []
    at = (*context.path, "settings")
    try:
        for finding in _findings(api, settings, context, zone):
            findings.append(finding)  # noqa: PERF402  # what was found before an error counts
    except CredentialsError as error:
        name = "oauth" if settings.oauth else "access_token"
        remedy = "correct the credential in HubSpot or here"
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=(*at, name)))
    except RegbridgeError as error:
        remedy = "try again later, or correct object_type, api or url"
        findings.append(Finding(Level.ERROR, str(error), remedy=remedy, path=at))
    return findings


def _findings(
    api: HubspotApi, settings: HubspotSettings, context: PluginContext, zone: tzinfo | None
) -> Iterator[Finding]:
    at = (*context.path, "settings")
    properties = read_properties(api, settings.object_type)
    yield from _of_account(api, at)
    yield from _of_limits(api, settings, at)
    found = [*_of_id(properties, settings, at)]
    found += map_findings(
        properties,
        settings,
        context.target.map if context.target else {},
        zone,
        (*context.path, "map"),
    )
    yield from found
    if not any(finding.level is Level.ERROR for finding in found):
        text = f"{settings.object_type} are known by {settings.id_property}, and have what the map"
        yield Finding(Level.OK, f"{text} feeds", path=context.path)


def _of_account(api: HubspotApi, at: Keys) -> Iterator[Finding]:
    account = api.account()
    if account.portal:
        kind = account.kind.lower().replace("_", " ") or "standard"
        yield Finding(
            Level.OK, f"HubSpot lets us into the {kind} account {account.portal}", path=at
        )
    else:
        yield Finding(Level.OK, "HubSpot lets us into the account", path=at)
    if account.zone is None:
        yield Finding(
            Level.WARNING,
            "HubSpot does not tell the account's time zone, so once a day's calls are used up they "
            "are tried again each hour",
            remedy="give the app the scope oauth, if HubSpot offers it",
            path=at,
        )


def _of_limits(api: HubspotApi, settings: HubspotSettings, at: Keys) -> Iterator[Finding]:
    allowed = api.allowance
    if allowed and settings.calls_per_10_seconds > allowed.calls * 10 / allowed.seconds:
        most = int(allowed.calls * 10 / allowed.seconds)
        yield Finding(
            Level.WARNING,
            f"HubSpot allows {most} calls in ten seconds, and the settings say "
            f"{settings.calls_per_10_seconds}",
            remedy=f"write calls_per_10_seconds: {most}",
            path=(*at, "calls_per_10_seconds"),
        )
    if usage := _usage(api):
        used, most = usage
        level = Level.WARNING if used > most * 0.9 else Level.OK
        remedy = "see which other app of the account makes so many" if level is not Level.OK else ""
        text = f"{used:,} of the day's {most:,} calls were made"
        yield Finding(level, text, remedy=remedy, path=at)


def _usage(api: HubspotApi) -> tuple[int, int] | None:
    """Return how many calls were made today and may be; None where HubSpot does not tell."""
    try:
        document = api.get(api.paths.usage)
    except RegbridgeError:  # told of private apps only
        return None
    listed = document.get("results") if isinstance(document, dict) else None
    for one in listed if isinstance(listed, list) else ():
        match one:
            case {"currentUsage": int(used), "usageLimit": int(most)} if most > 0:
                return used, most
    return None


def _of_id(properties: Properties, settings: HubspotSettings, at: Keys) -> Iterator[Finding]:
    path = (*at, "id_property")
    text, remedy = misfit(properties, settings.object_type, settings.id_property)
    if text:
        yield Finding(Level.ERROR, text, remedy=remedy, path=path)
    elif settings.id_property == EMAIL:
        yield Finding(
            Level.WARNING,
            "by email, a registrant who corrects the address becomes a second contact, and two who "
            "share one address become one; HubSpot also takes no partial upserts by email",
            remedy="make a property with unique values for Cvent's contact id, and know them by it",
            path=path,
        )
