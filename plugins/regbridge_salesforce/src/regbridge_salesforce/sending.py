"""Sends upserts with different keys by one call, and settles each by its own answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from regbridge import AmbiguousError, Outcome, RegbridgeError, RetryableError
from regbridge.http import Answer
from regbridge.rounds import outcome_of
from regbridge_salesforce.client import RestApi
from regbridge_salesforce.errors import Refusal, Trouble, read_error
from regbridge_salesforce.outcomes import refused
from regbridge_salesforce.records import Upsert

Results = dict[int, Outcome | Refusal]
"""What became of each upsert, by its place."""

# As text Salesforce would refuse a number.
_encode = msgspec.json.Encoder(decimal_format="number").encode
_SAVE_DUPLICATES = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
_DIVIDED = frozenset({Trouble.RECORD, Trouble.TOO_LARGE, Trouble.PARENT})


class Sender:
    """Upserts records of one object by one external id."""

    def __init__(
        self, api: RestApi, sobject: str, external_id: str, *, save_duplicates: bool
    ) -> None:
        self._api = api
        self._path = f"/composite/sobjects/{sobject}/{external_id}"
        self._headers = _SAVE_DUPLICATES if save_duplicates else {}

    def send(self, upserts: Sequence[Upsert]) -> dict[int, Outcome]:
        """Send upserts; return the outcome of each by its place.

        Raises as `RestApi.send` does, and `RetryableError` when nothing was delivered for a reason
        that is no single record's.
        """
        results = self._results(upserts)
        _raise_if_of_all(results)
        return {
            upsert.place: found if isinstance(found, Outcome) else refused(found, upsert)
            for upsert in upserts
            for found in (results[upsert.place],)
        }

    def _results(self, upserts: Sequence[Upsert]) -> Results:
        found = self._api.send("PATCH", self._path, body=body_of(upserts), headers=self._headers)
        if not isinstance(found, Refusal):
            return _read(found, upserts)
        if found.trouble not in _DIVIDED or (found.code == "INVALID_FIELD" and not found.parent[0]):
            raise RetryableError(
                f"Salesforce refuses the call as a whole: {found}; regbridge check --online says "
                "what does not fit"
            )
        if len(upserts) == 1:
            return {upserts[0].place: found}
        # A value that it cannot even read spoils the call for all: so look for the one at fault.
        half = len(upserts) // 2
        return self._besides(self._results(upserts[:half]), upserts[half:])

    def _besides(self, results: Results, upserts: Sequence[Upsert]) -> Results:
        """Return results and those of a further call; if that fails, the others stay settled."""
        try:
            return results | self._results(upserts)
        except RegbridgeError as error:
            outcome = outcome_of(error, self._api.clock())
            return results | {upsert.place: outcome for upsert in upserts}


def body_of(upserts: Sequence[Upsert]) -> bytes:
    """Return the body of a call."""
    return _encode({"allOrNone": False, "records": [upsert.body for upsert in upserts]})


def _read(answer: Answer, upserts: Sequence[Upsert]) -> Results:
    """Return what became of each; the answer has them in the order of the call."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != len(upserts):
        raise AmbiguousError("Salesforce answers in a form that is not known")
    return {upsert.place: _result(one) for upsert, one in zip(upserts, found, strict=True)}


def _result(given: Any) -> Outcome | Refusal:
    one = given if isinstance(given, dict) else {}
    if one.get("success") is True:
        record_id = str(one.get("id") or "") or None
        made = one.get("created") is True
        return Outcome.created(record_id) if made else Outcome.updated(record_id)
    errors = one.get("errors")
    return read_error(errors[0] if isinstance(errors, list) and errors else None)


def _raise_if_of_all(results: Results) -> None:
    """Raise what is no single record's fault, unless something was settled all the same."""
    refusals = [found for found in results.values() if isinstance(found, Refusal)]
    if len(refusals) == len(results) > 1 and {one.trouble for one in refusals} == {Trouble.LATER}:
        raise RetryableError(str(refusals[0]))
