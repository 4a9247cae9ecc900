"""The authorization server as a WSGI application: discovery, JWKS and the token endpoint."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import falcon
import msgspec

from regbridge_cvent.simulator.authorization.grant import TokenEndpoint
from regbridge_cvent.simulator.authorization.signing import SigningKeys
from regbridge_cvent.simulator.authorization.vendors import Vendor
from regbridge_cvent.simulator.errors import ApiError, OAuthError
from regbridge_cvent.simulator.form import read_form

DISCOVERY_PATH = "/.well-known/openid-configuration"
_LONGEST_SECONDS = 30.0


class Site:
    """What the resources share, and tests change. `base_url` is known once the server listens.

    `calls` counts what was asked for. `discovery` replaces parts of the discovery document, and
    `jwks` the JWKS (bytes for a page). Everything is answered by `status`, and nothing while
    `answers` is not set.
    """

    def __init__(self, vendor: Vendor, keys: SigningKeys, tokens: TokenEndpoint) -> None:
        self.vendor = vendor
        self.keys = keys
        self.tokens = tokens
        self.base_url = ""
        self.calls: Counter[str] = Counter()
        self.discovery: Mapping[str, Any] = {}
        self.jwks: Any = None
        self.status = 200
        self.answers = threading.Event()
        self.answers.set()

    @property
    def issuer(self) -> str:
        """What tokens say under iss."""
        return self.base_url + self.vendor.issuer_path


def create_app(site: Site) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the application."""
    app = falcon.App(middleware=[_Mood(site)])
    app.add_route(site.vendor.issuer_path.rstrip("/") + DISCOVERY_PATH, _Discovery(site))
    app.add_route(site.vendor.keys_path, _Jwks(site))
    app.add_route(site.vendor.token_path, _Token(site))
    app.add_error_handler(OAuthError, _answer_refusal)
    app.add_error_handler(ApiError, _answer_api_error)
    return app


class _Mood:
    """Lets the server be slow, or fail."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def process_resource(self, *_: Any) -> None:
        self._site.answers.wait(_LONGEST_SECONDS)
        if self._site.status != 200:
            raise falcon.HTTPStatus(self._site.status, headers={"Location": "/elsewhere"})


class _Discovery:
    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        site = self._site
        site.calls["discovery"] += 1
        document = {
            "issuer": site.issuer,
            "jwks_uri": site.base_url + site.vendor.keys_path,
            "token_endpoint": site.base_url + site.vendor.token_path,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [site.keys.current.algorithm],
        }
        _write(response, {**document, **site.discovery})


class _Jwks:
    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        site = self._site
        site.calls["jwks"] += 1
        _write(response, site.keys.jwks() if site.jwks is None else site.jwks)


class _Token:
    def __init__(self, site: Site) -> None:
        self._site = site

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        site = self._site
        site.calls["token"] += 1
        authorization = request.get_header("Authorization") or ""
        _write(response, site.tokens.issue(site.issuer, authorization, read_form(request)))
        response.set_header("Cache-Control", "no-store")


def _answer_refusal(
    request: falcon.Request, response: falcon.Response, error: OAuthError, _: Any
) -> None:
    """Answer as RFC 6749, section 5.2, wants it."""
    _write(response, error.body)
    response.status = 401 if error.body["error"] == "invalid_client" else 400
    if response.status == 401 and request.get_header("Authorization"):
        response.set_header("WWW-Authenticate", "Basic")


def _answer_api_error(
    _: falcon.Request, response: falcon.Response, error: ApiError, __: Any
) -> None:
    _write(response, {"error": "invalid_request", "error_description": error.message})
    response.status = error.status


def _write(response: falcon.Response, body: Any) -> None:
    is_page = isinstance(body, bytes)
    response.content_type = falcon.MEDIA_HTML if is_page else falcon.MEDIA_JSON
    response.data = body if is_page else msgspec.json.encode(body)
