"""The authorization server itself, served over real HTTP on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from regbridge.testing.server import LocalServer
from regbridge_cvent.simulator.authorization.app import Site, create_app
from regbridge_cvent.simulator.authorization.grant import Client, TokenEndpoint
from regbridge_cvent.simulator.authorization.signing import SigningKeys
from regbridge_cvent.simulator.authorization.vendors import Entra, Vendor


class AuthorizationServer:
    """A stand-in for an authorization server, strict where real ones are.

    `keys` sign its tokens and can be rotated; `site` counts calls, and can be made to fail. `clock`
    is in seconds since 1970, `seconds` is how long a token is good for.

    Example:
        with AuthorizationServer(Keycloak()).serving() as issuer:
            requests.post(server.token_url, ...)
    """

    def __init__(
        self,
        vendor: Vendor | None = None,
        client: Client | None = None,
        keys: SigningKeys | None = None,
        *,
        seconds: int = 3600,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.vendor = vendor or Entra()
        self.client = client or Client()
        self.keys = keys or SigningKeys()
        tokens = TokenEndpoint(self.vendor, self.client, self.keys, clock, seconds)
        self.site = Site(self.vendor, self.keys, tokens)
        self._server: LocalServer | None = None

    @property
    def issuer(self) -> str:
        """What tokens say under iss."""
        return self.site.issuer

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return self.site.base_url + self.vendor.token_path

    @property
    def jwks_url(self) -> str:
        """Where the public keys are."""
        return self.site.base_url + self.vendor.keys_path

    @contextmanager
    def serving(self, port: int = 0, base_url: str = "") -> Iterator[str]:
        """Serve for as long as the `with` block runs; gives the issuer."""
        self.start(port, base_url)
        try:
            yield self.issuer
        finally:
            self.stop()

    def start(self, port: int = 0, base_url: str = "") -> str:
        """Serve at a port, 0 is any free one, and return the URL that it listens at.

        `base_url` is what it calls itself, if something stands before it. Raises `OSError` when the
        port is taken, `RuntimeError` when it serves already.
        """
        if self._server is not None:
            raise RuntimeError("the authorization server serves already")
        server = LocalServer(create_app(self.site), port)
        url = server.start()
        self._server = server
        self.site.base_url = base_url or url
        return url

    def stop(self) -> None:
        """Answer what is under way and stop serving."""
        self.site.answers.set()
        if self._server is not None:
            self._server.stop()
            self._server = None
