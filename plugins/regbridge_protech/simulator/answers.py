"""What the simulated service answers, in the manner of each binding."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Protocol

from regbridge_protech.simulator.form import write_string
from regbridge_protech.simulator.soap import Blame, Version, write_fault, write_result


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer; `length` is the Content-Length, if it is not that of the body."""

    status: int
    content_type: str
    body: bytes
    allow: str = ""
    length: int | None = None

    @property
    def status_line(self) -> str:
        """The status with its phrase."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers."""
        length = len(self.body) if self.length is None else self.length
        headers = [("Content-Type", self.content_type), ("Content-Length", str(length))]
        return [*headers, ("Allow", self.allow)] if self.allow else headers


def html_page(status: int, text: str = "") -> Response:
    """Return an HTML page, such as IIS and proxies have for errors."""
    title = escape(f"{status} {HTTPStatus(status).phrase}")
    body = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>{escape(text)}<br></p></body></html>"
    )
    return Response(status, "text/html; charset=utf-8", body.encode())


class Speaker(Protocol):
    """Writes the answers of one binding."""

    def result(self, text: str) -> Response:
        """Return the answer that holds a result."""

    def fault(self, text: str, blame: Blame) -> Response:
        """Return the answer that holds an error."""


@dataclass(frozen=True, slots=True)
class SoapSpeaker:
    """Answers in one version of SOAP; faults have the status 500."""

    version: Version

    def result(self, text: str) -> Response:
        """Return an envelope with a result."""
        return self._response(200, write_result(self.version, text))

    def fault(self, text: str, blame: Blame) -> Response:
        """Return an envelope with a fault."""
        return self._response(500, write_fault(self.version, text, blame))

    def _response(self, status: int, body: bytes) -> Response:
        return Response(status, f"{self.version.media_type}; charset=utf-8", body)


class FormSpeaker:
    """Answers a form or a query with one element of XML, or with plain text and the status 500."""

    def result(self, text: str) -> Response:
        """Return the element of a result."""
        return Response(200, "text/xml; charset=utf-8", write_string(text))

    def fault(self, text: str, blame: Blame) -> Response:  # noqa: ARG002 - a text names nobody
        """Return the text of an error."""
        return Response(500, "text/plain; charset=utf-8", text.encode())
