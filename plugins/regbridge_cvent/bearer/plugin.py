"""The `cvent-oauth` plugin: the access token that Cvent fetches from an authorization server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from regbridge import Finding, Identity, Plugin, PluginContext, Request, Target, hookimpl
from regbridge_cvent.bearer.check import check_server
from regbridge_cvent.bearer.discovery import Discovery
from regbridge_cvent.bearer.judge import Judge
from regbridge_cvent.bearer.key_source import KeySource
from regbridge_cvent.bearer.settings import OAuthSettings


def _now() -> datetime:
    return datetime.now(UTC)


class CventOAuth(Plugin):
    """Vouches for a request with a Bearer token of the authorization server that settings name.

    Cvent fetches such a token for a webhook whose authentication method is OAuth
    (reference/cvent-webhooks.md, section 4). The token is a JWT that is checked here, with the keys
    that the authorization server publishes; that server is not asked about it. An endpoint needs no
    `tokens` for it, and may have some for `cvent-token` at the same time.
    """

    settings: OAuthSettings
    settings_model = OAuthSettings
    needs_tokens = False

    def __init__(
        self,
        settings: OAuthSettings,
        context: PluginContext,
        now: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(settings, context)
        self._now = now
        self._discovery = Discovery(settings)
        keep_seconds = settings.keep_hours * 3600
        keys = KeySource(self._discovery.keys, settings.wait_seconds, keep_seconds)
        self._judge = Judge(settings, keys)
        self._identity = Identity(f"token of {urlsplit(settings.issuer).hostname}")

    @hookimpl
    def authenticate_request(self, request: Request) -> Identity | None:
        """Return who gave the token, None for what is no Bearer token.

        Raises `AuthenticationError` for one that is not good, and `RetryableError` while the keys
        cannot be had.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        self._judge.claims(token)
        return self._identity

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Try the authorization server; once for the whole client."""
        if target.name != next(iter(self.context.client.targets), ""):
            return None
        path = (*self.context.path, "settings")
        return list(check_server(self.settings, self._discovery, self._now(), path))

    def close(self) -> None:
        """Close the connections."""
        self._discovery.close()
