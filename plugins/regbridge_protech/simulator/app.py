"""The simulated service as a WSGI application."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from regbridge.testing.server import DROP
from regbridge_protech.simulator.answers import (
    FormSpeaker,
    Response,
    SoapSpeaker,
    Speaker,
    html_page,
)
from regbridge_protech.simulator.behaviour import Behaviour, Ending, Script, refusal
from regbridge_protech.simulator.contract import OPERATION, SECRET, Contract
from regbridge_protech.simulator.form import read_fields
from regbridge_protech.simulator.media import MediaType
from regbridge_protech.simulator.soap import (
    BODY_LIMIT,
    SOAP11,
    SOAP12,
    Blame,
    FaultError,
    Version,
    read_call,
)
from regbridge_protech.simulator.staging import Staging
from regbridge_protech.simulator.wsdl import write_wsdl

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

PATH = "/_webservice/APAP_UpdateMember.asmx"
"""Where the service is; forms go to `PATH/UpdateUserInfo`."""

_VERSIONS: Mapping[str, Version] = {each.media_type: each for each in (SOAP11, SOAP12)}
_FORM = "application/x-www-form-urlencoded"


class Simulator:
    """A service that stages registrations, strict about what it reads, told how to treat it.

    With `security_password` the operation takes it as its first parameter and answers JSON,
    `{"ok": true, "id": ...}` or `{"ok": false, "error": ...}`. `delay` is in seconds, before every
    commit.
    """

    def __init__(
        self,
        script: Script | None = None,
        staging: Staging | None = None,
        *,
        security_password: str = "",
        delay: float = 0.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.script = script or Script()
        self.staging = staging or Staging()
        self._password = security_password
        self._contract = Contract(takes_secret=bool(security_password))
        self._delay = delay
        self._sleep = sleep

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        response = self._route(environ)
        start_response(response.status_line, response.headers)
        return [response.body]

    def _route(self, environ: dict[str, Any]) -> Response:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].lower()
        if path == PATH.lower():
            routes = {"GET": self._document, "POST": self._soap}
        elif path == f"{PATH}/{OPERATION}".lower():
            routes = {"GET": self._query, "POST": self._form}
        elif path.startswith(f"{PATH.lower()}/"):
            return html_page(500, "The address ends in no operation of this service.")
        else:
            return html_page(404)
        if method not in routes:
            return replace(html_page(405), allow=", ".join(routes))
        return routes[method](environ)

    def _document(self, environ: dict[str, Any]) -> Response:
        if environ["QUERY_STRING"].lower() != "wsdl":
            return html_page(200, f"{OPERATION} is the operation of this service.")
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        address = f"{environ['wsgi.url_scheme']}://{host}{PATH}"
        return Response(200, "text/xml; charset=utf-8", write_wsdl(self._contract, address))

    def _soap(self, environ: dict[str, Any]) -> Response:
        media_type = MediaType(environ.get("CONTENT_TYPE", ""))
        version = _VERSIONS.get(media_type.name)
        if version is None or not media_type.is_utf8:
            return html_page(415)
        if (body := _body(environ)) is None:
            return html_page(413)
        speaker = SoapSpeaker(version)
        try:
            call = read_call(version, media_type, environ.get("HTTP_SOAPACTION"), body)
            parameters = self._contract.parameters(call)
        except FaultError as error:
            return speaker.fault(str(error), error.blame)
        except ValueError as error:
            return speaker.fault(f"The request cannot be read: {error}", Blame.CALLER)
        return self._treat(parameters, speaker, environ)

    def _form(self, environ: dict[str, Any]) -> Response:
        media_type = MediaType(environ.get("CONTENT_TYPE", ""))
        if media_type.name != _FORM or not media_type.is_utf8:
            return html_page(415)
        if (body := _body(environ)) is None:
            return html_page(413)
        return self._fields(body.decode("latin-1"), environ)

    def _query(self, environ: dict[str, Any]) -> Response:
        return self._fields(environ["QUERY_STRING"], environ)

    def _fields(self, encoded: str, environ: dict[str, Any]) -> Response:
        speaker = FormSpeaker()
        try:
            parameters = read_fields(self._contract, encoded)
        except ValueError as error:
            return speaker.fault(str(error), Blame.CALLER)
        return self._treat(parameters, speaker, environ)

    def _treat(
        self, parameters: dict[str, str], speaker: Speaker, environ: dict[str, Any]
    ) -> Response:
        """Do what the script says with a call that is valid."""
        behaviour = self._refusal(parameters) or self.script.choose(parameters)
        self._pause(self._delay + behaviour.delay_before)
        guid = self.staging.commit(parameters).guid if behaviour.commits else ""
        self._pause(behaviour.delay_after)
        response = self._answer(behaviour, guid, speaker)
        match behaviour.ending:
            case Ending.DROP:
                environ[DROP]()
            case Ending.HALF:
                half = response.body[: len(response.body) // 2]
                return replace(response, body=half, length=len(response.body))
        return response

    def _pause(self, seconds: float) -> None:
        if seconds:
            self._sleep(seconds)

    def _refusal(self, parameters: dict[str, str]) -> Behaviour | None:
        """Take the secret out of a call, and refuse what the service can stage for nobody."""
        if self._password and parameters.pop(SECRET) != self._password:
            return refusal(f"The {SECRET} is wrong.")
        if not parameters["szUserID"].strip():
            return refusal("A registration needs a member id.")
        return None

    def _answer(self, behaviour: Behaviour, guid: str, speaker: Speaker) -> Response:
        if behaviour.page is not None:
            return html_page(behaviour.page)
        if behaviour.fault is not None:
            return speaker.fault(behaviour.fault, Blame.SERVICE)
        return speaker.result(self._result(behaviour.result, guid))

    def _result(self, error: str | None, guid: str) -> str:
        if not self._password:
            return guid if error is None else error
        return json.dumps(
            {"ok": True, "id": guid} if error is None else {"ok": False, "error": error}
        )


def _body(environ: dict[str, Any]) -> bytes | None:
    """Return the body of a request, None if it is too large."""
    body: bytes = environ["wsgi.input"].read(BODY_LIMIT + 1)
    return body if len(body) <= BODY_LIMIT else None
