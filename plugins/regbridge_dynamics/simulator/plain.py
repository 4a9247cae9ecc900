"""Carries https requests to this machine over plain HTTP, because msal takes no http authority."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class PlainAdapter(HTTPAdapter):
    """Sends what is addressed to https at a loopback address by http. Raises `ValueError`."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, its scheme changed."""
        url = request.url or ""
        if urlsplit(url).hostname not in _LOOPBACK:
            raise ValueError("plain HTTP is for this machine alone")
        request.url = f"http://{url.partition('://')[2]}"
        return super().send(request, stream, timeout, verify, cert, proxies)


def plain_session(authority: str) -> requests.Session:
    """Return a session, to be msal's `http_client`, for the authority of a simulator."""
    session = requests.Session()
    session.trust_env = False
    session.mount(f"https://{urlsplit(authority).netloc}/", PlainAdapter())
    return session
