"""Entra ID: the token endpoint of the client credentials flow, and the discovery document."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import falcon

from regbridge_dynamics.simulator.assertion import (
    ASSERTION_TYPE,
    RefusedAssertionError,
    check_assertion,
)
from regbridge_dynamics.simulator.calls import Calls
from regbridge_dynamics.simulator.site import Site
from regbridge_dynamics.simulator.tokens import Application, Tokens

_LONGEST = 100_000
_FORM = "application/x-www-form-urlencoded"
_KINDS = {
    70003: (400, "unsupported_grant_type"),
    90002: (400, "invalid_request"),
    500011: (400, "invalid_resource"),
    700016: (400, "unauthorized_client"),
    900144: (400, "invalid_request"),
    1002012: (400, "invalid_scope"),
}


class Entra:
    """Answers for one tenant (reference/dataverse-web-api.md, section 1)."""

    def __init__(
        self,
        site: Site,
        applications: Iterable[Application],
        tokens: Tokens,
        calls: Calls,
        clock: Callable[[], float],
    ) -> None:
        self._site = site
        self._applications = {one.client_id.lower(): one for one in applications}
        self._tokens = tokens
        self._calls = calls
        self._clock = clock

    def on_post_token(self, req: falcon.Request, resp: falcon.Response, tenant: str) -> None:
        """Answer with a token, or with an AADSTS error."""
        self._calls.token()
        resp.set_header("Cache-Control", "no-store, no-cache")
        try:
            self._require_tenant(tenant)
            document = self._token(_read_form(req))
        except _RefusedError as error:
            resp.status = error.status
            document = error.document(self._clock())
        resp.content_type = "application/json; charset=utf-8"
        resp.data = json.dumps(document).encode("utf-8")

    def on_get_discovery(self, _req: falcon.Request, resp: falcon.Response, tenant: str) -> None:
        """Answer with what msal looks up first: the endpoints and the issuer, all https."""
        resp.content_type = "application/json; charset=utf-8"
        try:
            self._require_tenant(tenant)
        except _RefusedError as error:
            resp.status = error.status
            resp.data = json.dumps(error.document(self._clock())).encode("utf-8")
            return
        document = {
            "token_endpoint": self._site.token_url,
            "authorization_endpoint": f"{self._site.authority}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{self._site.authority}/oauth2/v2.0/devicecode",
            "issuer": f"{self._site.authority}/v2.0",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        resp.data = json.dumps(document).encode("utf-8")

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        if _given(form, "grant_type") != "client_credentials":
            raise _RefusedError(70003, "The app requested an unsupported grant type.")
        application = self._applications.get(_given(form, "client_id").lower())
        if application is None:
            name = form["client_id"]
            text = f"Application with identifier '{name}' was not found in the directory."
            raise _RefusedError(700016, text)
        if form.get("client_assertion_type") == ASSERTION_TYPE:
            self._require_assertion(application, form)
        else:
            _require_secret(application, form)
        self._require_scope(_given(form, "scope"))
        seconds = int(self._tokens.seconds)
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": self._tokens.issue(application),
        }

    def _require_assertion(self, application: Application, form: Mapping[str, str]) -> None:
        try:
            check_assertion(
                form.get("client_assertion", ""),
                application.certificate,
                application.client_id,
                self._site.token_url,
                self._clock(),
            )
        except RefusedAssertionError as error:
            raise _RefusedError(error.code, str(error)) from None

    def _require_scope(self, scope: str) -> None:
        """Refuse another scope than `<environment URL>/.default`.

        Everything before the last slash is the resource, also a slash too many.
        """
        resource, _, name = scope.rpartition("/")
        if name != ".default":
            text = (
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier."
            )
            raise _RefusedError(1002012, text)
        if resource != self._site.url:
            text = f"The resource principal named {resource} was not found in the tenant."
            raise _RefusedError(500011, text)

    def _require_tenant(self, tenant: str) -> None:
        if tenant.lower() != self._site.tenant.lower():
            raise _RefusedError(90002, f"Tenant '{tenant}' not found.")


class _RefusedError(Exception):
    """A refusal by its AADSTS number; those about who the caller is are 401."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self._error = _KINDS.get(code, (401, "invalid_client"))
        self._code = code
        self._text = text

    def document(self, now: float) -> dict[str, Any]:
        """Return the refusal in Entra's shape."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}"
        return {
            "error": self._error,
            "error_description": f"AADSTS{self._code}: {self._text} {ids}",
            "error_codes": [self._code],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
        }


def _require_secret(application: Application, form: Mapping[str, str]) -> None:
    if "client_secret" not in form:
        text = (
            "'client_assertion', 'client_secret' or 'request' is required for the "
            "'client_credentials' grant type."
        )
        raise _RefusedError(7000216, text)
    if not application.secret or form["client_secret"] != application.secret:
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            "client secret value, not the client secret ID."
        )
        raise _RefusedError(7000215, text)
    if application.secret_expired:
        raise _RefusedError(7000222, "The provided client secret keys are expired.")


def _read_form(req: falcon.Request) -> dict[str, str]:
    if (req.content_type or "").partition(";")[0].strip().lower() != _FORM:
        return {}
    body = req.bounded_stream.read(_LONGEST)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _given(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        text = f"The request body must contain the following parameter: '{name}'."
        raise _RefusedError(900144, text)
    return form[name]
