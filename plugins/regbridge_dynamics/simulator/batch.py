"""`$batch`: many calls in one request, in order, some of them together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from regbridge_dynamics.simulator.database import Database
from regbridge_dynamics.simulator.errors import ApiError, bad_request
from regbridge_dynamics.simulator.multipart import (
    Part,
    PartRequest,
    change_set_of,
    join_batch,
    part_of,
    read_request,
    split_batch,
)
from regbridge_dynamics.simulator.query import read_query
from regbridge_dynamics.simulator.request import Answer, Call
from regbridge_dynamics.simulator.site import BASE_PATH, Site

_MOST = 1000

Run = Callable[[Call], Answer]
"""Answers one call; raises `ApiError`."""


@dataclass(frozen=True, slots=True)
class _Item:
    requests: tuple[PartRequest, ...]
    is_change_set: bool


class BatchRunner:
    """Runs the parts of a batch one after the other (reference/dataverse-web-api.md, section 5)."""

    def __init__(self, database: Database, site: Site, run: Run) -> None:
        self._database = database
        self._site = site
        self._run = run

    def answer(self, call: Call) -> Answer:
        """Answer a batch. Raises `ApiError` when it cannot be read at all; then nothing ran.

        Without `odata.continue-on-error` it ends at the first failure, whose status and part are
        all that the answer shows; what came before it has been done.
        """
        items = [
            _read(part) for part in split_batch(call.headers.get("content-type", ""), call.body)
        ]
        self._check(items)
        shown: list[bytes] = []
        for item in items:
            text, status = self._item(item, call)
            if status < 400 or call.preferences.continue_on_error:
                shown.append(text)
                continue
            failed = join_batch([text])
            return replace(failed, status=status)
        return join_batch(shown)

    def _check(self, items: list[_Item]) -> None:
        count = sum(len(item.requests) for item in items)
        if count > _MOST:
            raise bad_request(
                "The current batch message contains too many parts. Only batch messages with a "
                f"maximum number of '{_MOST}' query operations and changesets are allowed."
            )
        for item in items:
            for request in item.requests:
                if request.url.partition("?")[0].endswith("/$batch"):
                    raise bad_request("A batch cannot contain another batch.")

    def _item(self, item: _Item, call: Call) -> tuple[bytes, int]:
        if item.is_change_set:
            return self._change_set(item.requests, call)
        [request] = item.requests
        answer = self._one(request, call, {})
        return part_of(answer, request.content_id), answer.status

    def _change_set(self, requests: tuple[PartRequest, ...], call: Call) -> tuple[bytes, int]:
        """Run all requests or none; a failure is shown alone."""
        written = call.tally.written
        references: dict[str, str] = {}
        answers: list[bytes] = []
        try:
            with self._database.transaction():
                for request in requests:
                    answer = self._one(request, call, references)
                    if answer.status >= 400:
                        raise _FailedError(answer, request)
                    answers.append(part_of(answer, request.content_id))
                    if answer.record:
                        references[f"${request.content_id}"] = answer.record
        except _FailedError as failed:
            call.tally.written = written
            shown = part_of(failed.answer, failed.request.content_id)
            return change_set_of([shown]), failed.answer.status
        return change_set_of(answers), 200

    def _one(self, request: PartRequest, call: Call, references: Mapping[str, str]) -> Answer:
        call.tally.parts += 1
        annotated = bool(call.preferences.annotations)
        try:
            answer = self._run(self._call(request, call, references))
        except ApiError as error:
            body = error.body(annotated=annotated)
            return Answer(error.status, body, error.headers)
        if location := answer.headers.get("OData-EntityId"):
            return replace(answer, headers={"Location": location, **answer.headers})
        return answer

    def _call(self, request: PartRequest, call: Call, references: Mapping[str, str]) -> Call:
        url, _, query = request.url.partition("?")
        return replace(
            call,
            method=request.method,
            path=self._path(url, references),
            query=read_query(query),
            headers=request.headers,
            body=request.body,
            references=references,
        )

    def _path(self, url: str, references: Mapping[str, str]) -> str:
        """Return a path below the base, of a host-relative or absolute URL, or of `$1`."""
        if url.startswith("$"):
            reference = url.partition("/")[0]
            if reference not in references:
                raise bad_request(
                    f"Content-ID Reference: '{reference}' does not exist in the batch context."
                )
            return references[reference] + url.removeprefix(reference)
        for base in (self._site.base_url, BASE_PATH):
            if url.startswith(f"{base}/"):
                return url.removeprefix(f"{base}/")
        raise bad_request(f"The URL of a part must begin with {BASE_PATH}/ or with the host.")


class _FailedError(Exception):
    def __init__(self, answer: Answer, request: PartRequest) -> None:
        super().__init__()
        self.answer = answer
        self.request = request


def _read(part: Part) -> _Item:
    if not part.is_change_set:
        return _Item((read_request(part),), is_change_set=False)
    inner = split_batch(part.headers["content-type"], part.content + b"\r\n")
    if any(one.is_change_set for one in inner):
        raise bad_request("A change set cannot contain another change set.")
    requests = tuple(read_request(one) for one in inner)
    ids = [request.content_id for request in requests]
    if not all(ids):
        raise bad_request("The Content-ID header is not present for a request of a change set.")
    if len(set(ids)) != len(ids):
        raise bad_request("Two requests of a change set have the same Content-ID.")
    if any(request.method == "GET" for request in requests):
        raise bad_request("A change set cannot contain a GET request.")
    return _Item(requests, is_change_set=True)
