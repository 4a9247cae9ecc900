"""Access tokens for an environment: asked for by msal, kept, renewed, and refused in words."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msal  # type: ignore[import-untyped]

from regbridge import CredentialsError, RegbridgeError, RetryableError
from regbridge_dynamics.connection import CertificateSettings, ConnectionSettings
from regbridge_dynamics.entra import EntraHttp, UnansweredError

_CODE = re.compile(r"AADSTS(\d{4,8})")
_TRACE = re.compile(r"Trace ID: ([0-9a-fA-F-]{36})")
_LATER = frozenset({"temporarily_unavailable", "server_error"})

# Microsoft's list of Entra's error numbers; what to do about each is ours.
_REFUSALS: Mapping[str, str] = {
    "7000215": "the client secret is wrong; give the secret's value, not its id",
    "7000222": "the client secret has expired; make a new one for the app registration",
    "7000216": "the app registration has to prove itself by a secret or a certificate",
    "700016": "the tenant has no app registration with this client_id",
    "700027": "the certificate is not one of the app registration's; upload it there",
    "700024": "the clock of this machine is wrong",
    "7000112": "the app registration is disabled",
    "90002": "there is no such tenant; correct tenant",
    "900023": "there is no such tenant; correct tenant",
    "500011": "the tenant does not know the environment; correct url or tenant",
    "1002012": "the tenant does not know the environment; correct url",
    "53003": "a rule of Conditional Access forbids it; let the tenant's administrator look",
}


class Tokens:
    """The tokens of one app registration for one environment. Several threads may share it."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        # Everything before the last slash is the audience (section 1 of the reference).
        self._scopes = [f"{settings.url}/.default"]
        self._http = EntraHttp(settings.authority)
        self._application: Any = None
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return a token that is good for at least some minutes.

        Raises `CredentialsError` when Entra ID gives none, `RetryableError` when it does not
        answer. No text of either holds a secret.
        """
        with self._lock:
            return self._acquired()

    def renewed(self, refused: str) -> str:
        """Return another token than the one that Dataverse refused. Raises as `token` does."""
        with self._lock:
            token = self._acquired()
            if token != refused:  # another thread was here before
                return token
            self._application.remove_tokens_for_client()
            return self._acquired()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _acquired(self) -> str:
        try:
            application = self._started()
            found = application.acquire_token_for_client(self._scopes)
        except UnansweredError as error:
            raise error.error from None
        except RegbridgeError:
            raise
        except Exception as error:  # whatever msal makes of answers that are not Entra's
            text = "Entra ID answers in a form that is not known"
            raise RetryableError(text, detail=f"{text} ({type(error).__name__})") from None
        if token := found.get("access_token"):
            return str(token)
        raise _refused(found)

    def _started(self) -> Any:
        """Return msal's application, which looks up the tenant when it is made."""
        if self._application is None:
            try:
                self._application = msal.ConfidentialClientApplication(
                    self._settings.client_id,
                    client_credential=_credential(self._settings),
                    authority=self._authority,
                    instance_discovery=False,  # the operator names the authority
                    http_client=self._http,
                )
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._no_tenant(error) from None
        return self._application

    @property
    def _authority(self) -> str:
        return f"https://{urlsplit(self._settings.authority).netloc}/{self._settings.tenant}"

    def _no_tenant(self, error: Exception) -> CredentialsError:
        settings = self._settings
        text = (
            f"no tenant {settings.tenant} is found at {settings.authority}; "
            "correct tenant or authority"
        )
        return CredentialsError(text, detail=f"{text} ({type(error).__name__})")


def _credential(settings: ConnectionSettings) -> Any:
    if settings.client_secret:
        return settings.client_secret.get_secret_value()
    assert settings.certificate
    return _certificate(settings.certificate)


def _certificate(certificate: CertificateSettings) -> dict[str, str]:
    found = {"private_key": certificate.key_pem}
    if certificate.passphrase:
        found["passphrase"] = certificate.passphrase.get_secret_value()
    if certificate.thumbprint:
        found["thumbprint"] = certificate.thumbprint
    else:
        found["public_certificate"] = certificate.public_pem
    return found


def _refused(answer: Mapping[str, Any]) -> CredentialsError | RetryableError:
    """Return what Entra ID says, without its own text: that quotes what it was sent."""
    description = str(answer.get("error_description", ""))
    number = _CODE.search(description)
    trace = _TRACE.search(description)
    code = number[1] if number else ""
    name = f"AADSTS{code}" if code else "no number"
    where = f" trace {trace[1]}" if trace else ""
    if answer.get("error") in _LATER:
        return RetryableError(f"Entra ID gives no token now ({name})", detail=f"{name}{where}")
    what = _REFUSALS.get(code, "look the number up in Microsoft's documentation")
    return CredentialsError(
        f"Entra ID gives no token: {what} ({name})", detail=f"Entra ID: {what} ({name}){where}"
    )
