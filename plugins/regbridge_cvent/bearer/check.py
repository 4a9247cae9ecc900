"""What `check --online` finds out about an authorization server before Cvent's first message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from regbridge import Finding, Level, RegbridgeError
from regbridge_cvent.bearer.discovery import Discovery, Published
from regbridge_cvent.bearer.settings import OAuthSettings

_GUIDE = "see docs/how-to/protect-webhooks-with-oauth.md"
Path = tuple[str | int, ...]


def check_server(
    settings: OAuthSettings, discovery: Discovery, now: datetime, path: Path
) -> Iterator[Finding]:
    """Yield findings about the issuer, its keys, its clock, and who is let in.

    `path` is that of the plugin's settings.
    """
    try:
        published = discovery.published()
    except RegbridgeError as error:
        # Without a discovery document jwks_url is enough.
        level = Level.WARNING if settings.jwks_url else Level.ERROR
        yield Finding(level, str(error), remedy=_GUIDE, path=(*path, "issuer"))
    else:
        yield from _issuer(settings, published, (*path, "issuer"))
        yield from _clock(settings, published, now, (*path, "leeway_seconds"))
    yield from _keys(settings, discovery, path)
    if not (settings.clients or settings.scopes or settings.roles):
        message = "whoever may ask this issuer for tokens of this audience is let in"
        yield Finding(
            Level.WARNING, message, remedy="name Cvent's client id in clients:", path=path
        )


def _issuer(settings: OAuthSettings, published: Published, path: Path) -> Iterator[Finding]:
    if published.issuer == settings.issuer:
        found = f"the issuer gives tokens at {published.token_url or 'an address it does not tell'}"
        yield Finding(Level.OK, found, path=path)
    else:
        message = f"the discovery document is that of {published.issuer or 'no issuer'}"
        remedy = f"write issuer: {published.issuer}" if published.issuer else _GUIDE
        yield Finding(Level.ERROR, message, remedy=remedy, path=path)


def _clock(
    settings: OAuthSettings, published: Published, now: datetime, path: Path
) -> Iterator[Finding]:
    apart = (published.at - now).total_seconds() if published.at else 0.0
    if abs(apart) > settings.leeway_seconds:
        message = f"this machine's clock and the issuer's are {abs(apart):.0f} seconds apart"
        yield Finding(Level.ERROR, message, remedy="set the clock of this machine", path=path)


def _keys(settings: OAuthSettings, discovery: Discovery, path: Path) -> Iterator[Finding]:
    at = (*path, "jwks_url") if settings.jwks_url else (*path, "issuer")
    try:
        keys = discovery.keys()
    except RegbridgeError as error:
        yield Finding(Level.ERROR, str(error), remedy=_GUIDE, path=at)
        return
    usable = keys.algorithms.intersection(settings.algorithms)
    if usable:
        yield Finding(Level.OK, f"its keys are for {', '.join(sorted(usable))}", path=at)
    else:
        message = f"its keys are for {', '.join(sorted(keys.algorithms))} alone"
        remedy = "name one of those in algorithms:"
        yield Finding(Level.ERROR, message, remedy=remedy, path=(*path, "algorithms"))
