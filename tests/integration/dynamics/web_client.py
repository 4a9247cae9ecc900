"""A plain client of the Web API, which sends whatever a test wants to see refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from regbridge_dynamics.simulator import TENANT, Application, DataverseSimulator

STAGING = "new_registrationstagings"
STAGING_TYPE = "Microsoft.Dynamics.CRM.new_registrationstaging"
HEADERS = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}

_TIMEOUT = 30


@dataclass(frozen=True)
class PartAnswer:
    """One answer within a batch."""

    status: int
    headers: Mapping[str, str]
    body: Any
    content_id: str

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


class WebClient:
    """Sends requests with the token of an application, and keeps no cookies."""

    def __init__(
        self, simulator: DataverseSimulator, application: Application | None = None
    ) -> None:
        self.simulator = simulator
        self.url = simulator.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers.update(HEADERS)
        token = ask_token(simulator.url, application or Application()).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Send a JSON body, or text as it is."""
        data = body if isinstance(body, str | bytes | None) else json.dumps(body)
        sent = {} if body is None else {"Content-Type": "application/json"}
        return self.session.request(
            method,
            f"{self.url}/api/data/v9.2/{path}",
            data=data.encode() if isinstance(data, str) else data,
            headers={**sent, **(headers or {})},
            timeout=_TIMEOUT,
        )

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.send("GET", path, None, _dashed(headers))

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        return self.send("POST", path, body, _dashed(headers))

    def patch(self, path: str, body: Any, **headers: str) -> requests.Response:
        return self.send("PATCH", path, body, _dashed(headers))

    def bulk(self, action: str, targets: Any, entity_set: str = STAGING) -> requests.Response:
        return self.post(f"{entity_set}/Microsoft.Dynamics.CRM.{action}", {"Targets": targets})

    def batch(self, body: str | bytes, boundary: str = '"b"', **headers: str) -> requests.Response:
        content_type = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return self.send("POST", "$batch", body, {**content_type, **_dashed(headers)})


def ask_token(url: str, application: Application, **changes: str | None) -> requests.Response:
    """Ask for a token; `changes` replace parameters of the form, None leaves one out."""
    form = {
        "client_id": application.client_id,
        "client_secret": application.secret,
        "grant_type": "client_credentials",
        "scope": f"{url}/.default",
        **changes,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return requests.post(f"{url}/{TENANT}/oauth2/v2.0/token", data=sent, timeout=_TIMEOUT)


def code_of(answer: requests.Response) -> tuple[int, str]:
    """Return status and error code."""
    return answer.status_code, answer.json()["error"]["code"]


def key(invitee: str, event: str = "E-1") -> str:
    """Return the address of a staging record."""
    return f"{STAGING}(new_inviteeid='{invitee}',new_eventid='{event}')"


def target(invitee: str, **values: Any) -> dict[str, Any]:
    """Return a target of UpsertMultiple."""
    return {"@odata.type": STAGING_TYPE, "@odata.id": key(invitee), **values}


def staging(invitee: str, **values: Any) -> dict[str, Any]:
    """Return a body that makes a staging record."""
    return {"new_inviteeid": invitee, "new_eventid": "E-1", **values}


def request_part(
    method: str,
    url: str,
    body: Any = None,
    *,
    content_id: str = "",
    headers: Mapping[str, str] | None = None,
) -> str:
    """Return one part of a batch or a change set, without its boundary."""
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"{method} {url} HTTP/1.1"]
    if body is not None:
        lines.append("Content-Type: application/json; type=entry")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", "" if body is None else json.dumps(body)])


def multipart(parts: Sequence[str], boundary: str = "b") -> str:
    """Return the text of a batch, or of what a change set holds."""
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"


def change_set(parts: Sequence[str], boundary: str = "c") -> str:
    """Return the part of a batch that is a change set."""
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
    return head + multipart(parts, boundary)


def read_batch(answer: requests.Response) -> list[PartAnswer]:
    """Return the answers of a batch in order, those of change sets among them."""
    return _read(answer.headers["Content-Type"], answer.text)


def _read(content_type: str, text: str) -> list[PartAnswer]:
    match = re.search(r"boundary=(\S+)", content_type)
    assert match
    pieces = text.split(f"--{match[1]}")
    assert pieces[0] == ""
    assert pieces[-1] == "--\r\n"
    found: list[PartAnswer] = []
    for piece in pieces[1:-1]:
        head, _, rest = piece.removeprefix("\r\n").removesuffix("\r\n").partition("\r\n\r\n")
        headers = _headers(head.split("\r\n"))
        if headers["content-type"].startswith("multipart/"):
            found += _read(headers["content-type"], rest)
            continue
        inner, _, body = rest.partition("\r\n\r\n")
        first, *lines = inner.split("\r\n")
        content = json.loads(body) if body else None
        content_id = headers.get("content-id", "")
        found.append(PartAnswer(int(first.split(" ")[1]), _headers(lines), content, content_id))
    return found


def _headers(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.partition(": ") for line in lines)
    return {name.lower(): value for name, _, value in pairs}


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
