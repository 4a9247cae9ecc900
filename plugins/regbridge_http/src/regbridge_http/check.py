"""What can be said about a receiver without sending it a message."""

from __future__ import annotations

from urllib.parse import urlsplit

from regbridge import Finding, Level, RetryableError
from regbridge.http import Outbound
from regbridge_http.settings import HttpSettings


def check_receiver(outbound: Outbound, settings: HttpSettings) -> list[Finding]:
    """Return whether the receiver's host can be reached, and what is unwise in the settings.

    Nothing is posted, because any request may start a flow: whether the URL is right and the
    signature is taken turns out with the first record.
    """
    return [_reached(outbound, settings.url), *_unwise(settings)]


def _reached(outbound: Outbound, url: str) -> Finding:
    host = urlsplit(url).hostname
    try:
        outbound.reach(url)
    except RetryableError as error:
        remedy = "let this machine connect there, or correct url"
        return Finding(Level.ERROR, str(error), remedy=remedy)
    return Finding(
        Level.OK, f"{host} can be reached; nothing was posted, so the URL's path was not tried"
    )


def _unwise(settings: HttpSettings) -> list[Finding]:
    if settings.secrets:
        return []
    message = "messages are not signed: whoever learns the URL can make up registrations"
    remedy = "name a secret under secrets, if the receiver can verify one"
    return [Finding(Level.WARNING, message, remedy=remedy)]
