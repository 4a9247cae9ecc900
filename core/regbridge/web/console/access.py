"""Decides who is let in: by a password and a signed session, or as a trusted proxy names them."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Any

import falcon
from itsdangerous import BadData, URLSafeSerializer
from pydantic import SecretStr

from regbridge.addresses import Network, address_of, is_among
from regbridge.config.console import ConsoleConfig
from regbridge.web.attempts import Attempts
from regbridge.web.channel import PEER
from regbridge.web.console.visitor import Role, Visitor

COOKIE = "regbridge_console"
_LINK_SECONDS = 3600.0


class Access:
    """Lets people in. Safe to share between threads; `clock` gives seconds since 1970.

    `key` is the ledger's own secret: sessions and tokens are signed with it and with the password,
    so that neither alone is enough to make one.
    """

    def __init__(
        self,
        config: ConsoleConfig,
        trusted_proxy: Collection[Network],
        key: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._proxy = trusted_proxy
        self._clock = clock
        known = f"{_secret(config.password)}|{_secret(config.look_password)}"
        self._key = hmac.digest(key, known.encode(), sha256)
        self._sessions = URLSafeSerializer(self._key, salt="session")
        self._links: dict[str, float] = {}
        self._lock = threading.Lock()
        self.attempts = Attempts(clock)

    @property
    def has_login(self) -> bool:
        """Whether a password lets anybody in."""
        return self._config.password is not None or self._config.look_password is not None

    def visitor(self, request: falcon.Request) -> Visitor | None:
        """Return who makes a request, None for a stranger."""
        return self._named_by_proxy(request) or self._with_session(request)

    def login(self, password: str, address: str) -> str | None:
        """Return the cookie of who knows a password, None for a wrong one.

        Both passwords are compared, so that the time tells nothing.
        """
        given = password.encode()
        may_act = _is(self._config.password, given)
        may_look = _is(self._config.look_password, given)
        if not (may_act or may_look):
            self.attempts.failed(address)
            return None
        self.attempts.succeeded(address)
        return self._new_session(Role.ACT if may_act else Role.LOOK, "password")

    def one_time_link(self) -> str:
        """Return a token that lets its bearer in once, within an hour, to look and act."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._links[_digest(token)] = self._clock() + _LINK_SECONDS
        return token

    def enter(self, token: str) -> str | None:
        """Return the cookie of who has a one-time link, None for one that is used or unknown."""
        with self._lock:
            until = self._links.pop(_digest(token), 0.0)
        return self._new_session(Role.ACT, "one-time link") if until > self._clock() else None

    def form_token(self, visitor: Visitor) -> str:
        """Return what a form of this visitor has to bring along."""
        return hmac.new(self._key, f"form {visitor.session}".encode(), sha256).hexdigest()

    def is_own_form(self, visitor: Visitor, token: str) -> bool:
        """Say whether a form was made for this visitor by us."""
        return hmac.compare_digest(self.form_token(visitor).encode(), token.encode())

    @property
    def cookie_seconds(self) -> int:
        """How long a session lasts."""
        return max(1, round(self._config.session_hours * 3600))

    def _new_session(self, role: Role, name: str) -> str:
        until = self._clock() + self.cookie_seconds
        signed = self._sessions.dumps(
            {"role": role, "name": name, "id": secrets.token_urlsafe(12), "until": until}
        )
        return signed.decode() if isinstance(signed, bytes) else signed

    def _with_session(self, request: falcon.Request) -> Visitor | None:
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            found: Any = self._sessions.loads(cookie)
            if found["until"] <= self._clock():
                return None
            return Visitor(found["name"], Role(found["role"]), request.remote_addr, found["id"])
        except (BadData, KeyError, TypeError, ValueError):
            return None

    def _named_by_proxy(self, request: falcon.Request) -> Visitor | None:
        """Return whom the trusted proxy names, if the request came from it itself."""
        header = self._config.identity_header
        peer = address_of(request.env.get(PEER, ""))
        if header is None or not is_among(peer, self._proxy):
            return None
        name = (request.get_header(header) or "").strip()
        if not name:
            return None
        if name.casefold() in {each.casefold() for each in self._config.act}:
            role = Role.ACT
        elif {"*", name.casefold()} & {each.casefold() for each in self._config.look}:
            role = Role.LOOK
        else:
            return None
        return Visitor(name, role, request.remote_addr, f"proxy {name}")


def _is(password: SecretStr | None, given: bytes) -> bool:
    known = _secret(password).encode()
    return hmac.compare_digest(known, given) and bool(known)


def _secret(password: SecretStr | None) -> str:
    return password.get_secret_value() if password else ""


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
