"""How an error is answered: one table, one format."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import falcon
import structlog

from regbridge.errors import (
    AuthenticationError,
    ConfigError,
    MalformedMessageError,
    RegbridgeError,
    RetryableError,
    StoreUnavailableError,
)
from regbridge.web.refusal_log import RefusalLog

PROBLEM_TYPE = "application/problem+json"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender gets for an error, and the `reason` that the log gets.

    In the table `detail` "" means the error's own text, which is safe.
    """

    status: HTTPStatus
    detail: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


_LATER = {"Retry-After": "30"}

ANSWERS: Mapping[type[RegbridgeError], Answer] = {
    AuthenticationError: Answer(
        HTTPStatus.UNAUTHORIZED,
        "Nobody vouches for this request; compare the authentication in Cvent's integration "
        "settings with the client's file. The log on the server has the reason.",
    ),
    ConfigError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This client is not running because its configuration is wrong; `regbridge check` on the "
        "server says where.",
        _LATER,
    ),
    MalformedMessageError: Answer(HTTPStatus.BAD_REQUEST),
    RetryableError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Nobody can say now whether this request may be let in, and nothing was stored; send it "
        "again later. The log on the server has the reason.",
        _LATER,
    ),
    StoreUnavailableError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The ledger is not available and nothing was stored; send the message again later.",
        _LATER,
    ),
}

BUG = Answer(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The service failed, and nothing says that the message was stored; its log has the reason.",
)


def answer_to(error: Exception) -> Answer:
    """Return how an error is answered."""
    if isinstance(error, falcon.HTTPError):
        headers = error.headers or {}
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        text = error.description or ""
        return Answer(HTTPStatus(error.status_code), text, dict(pairs), text)
    known = next((ANSWERS[cls] for cls in type(error).__mro__ if cls in ANSWERS), None)
    if known is None:
        return BUG
    return Answer(
        known.status,
        known.detail or str(error),
        _headers(known, error),
        getattr(error, "detail", ""),
    )


def problem(status: int, detail: str | None, **members: Any) -> bytes:
    """Return a problem document (RFC 9457); `members` are added to it."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        **({"detail": detail} if detail else {}),
        **members,
    }
    return json.dumps(document).encode()


def add_handlers(app: falcon.App[falcon.Request, falcon.Response], refusals: RefusalLog) -> None:
    """Make `app` answer every error with a problem document; `refusals` logs them."""
    answers = _Answers(refusals)
    app.set_error_serializer(answers.serialize)
    app.add_error_handler(Exception, answers.answer)


class _Answers:
    def __init__(self, refusals: RefusalLog) -> None:
        self._refusals = refusals

    def serialize(
        self, request: falcon.Request, response: falcon.Response, error: falcon.HTTPError
    ) -> None:
        """Answer what the web part itself raises, such as 404."""
        # Nobody loses a message at a path that is no endpoint.
        grave = "endpoint" in request.context
        self._log(request, error.status_code, error.description, grave=grave)
        if refuse := request.context.get("refuse"):
            refuse(response, error.status_code, error.description or "")
            return
        response.content_type = PROBLEM_TYPE
        response.data = problem(error.status_code, error.description)

    def answer(
        self,
        request: falcon.Request,
        response: falcon.Response,
        error: Exception,
        _params: Mapping[str, Any],
    ) -> None:
        """Answer any other error from the table."""
        answer = answer_to(error)
        if answer is BUG:
            _log.error("request failed", **_facts(request, answer.status), exc_info=error)
        else:
            self._log(request, answer.status, answer.reason)
        response.status = answer.status
        response.set_headers(dict(answer.headers))
        if refuse := request.context.get("refuse"):
            refuse(response, answer.status, answer.detail)
            return
        response.content_type = PROBLEM_TYPE
        receipt = {"receipt": request.context.receipt} if "receipt" in request.context else {}
        response.data = problem(answer.status, answer.detail, **receipt)

    def _log(
        self, request: falcon.Request, status: int, reason: str | None, *, grave: bool = True
    ) -> None:
        """Log a refusal: each one of a sender that somebody vouches for, of others a few."""
        facts = {**_facts(request, status), "reason": reason}
        if "identity" in request.context:
            _log.warning("request refused", **facts)
        else:
            self._refusals.note(facts, grave=grave)


def _headers(answer: Answer, error: Exception) -> dict[str, str]:
    """Return an answer's headers, with what the error itself has to say."""
    match error:
        case AuthenticationError():
            return {**answer.headers, "WWW-Authenticate": error.challenge}
        case RetryableError() if error.retry_after is not None:
            return {**answer.headers, "Retry-After": str(math.ceil(error.retry_after))}
    return dict(answer.headers)


def _facts(request: falcon.Request, status: int) -> dict[str, Any]:
    """Return what may be logged of a request: never its token nor its body."""
    return {
        "client": request.context.get("client"),
        "endpoint": request.context.get("endpoint"),
        "method": request.method,
        "path": request.path,
        "remote_address": request.remote_addr,
        "status": int(status),
        **({"receipt": request.context.receipt} if "receipt" in request.context else {}),
    }
