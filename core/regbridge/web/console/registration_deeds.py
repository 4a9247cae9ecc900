"""What the forms of one registration ask for: retry, correct, ignore."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import falcon

from regbridge.corrections import Correction, read_correction
from regbridge.errors import RejectedError
from regbridge.store.deeds import Doer, correct_one, ignore_one, retry_one
from regbridge.store.engine import Work
from regbridge.web.console.desk import Action, place
from regbridge.web.console.visitor import Visitor

LONGEST_REASON = 500

Fields = Mapping[str, str]


class _Deed(Action):
    """Does one thing about one registration, unless it cannot be done at this moment."""

    done: ClassVar[str]

    def act(self, visitor: Visitor, fields: Fields, **places: Any) -> str:
        """Do it, let the worker look, and go back to the registration."""
        number: int = places["number"]
        doer = Doer(visitor.name, visitor.address, self.desk.clock())
        try:
            client = self.desk.store.write(self.deed(doer, number, fields))
        except RejectedError as error:
            raise falcon.HTTPConflict(description=f"Nothing was done: {error}.") from None
        if client is None:
            raise falcon.HTTPNotFound(description=f"There is no registration {number}.")
        self.desk.wake("prepare", client)
        self.desk.wake("deliver", client)
        what = f"Registration {number}"
        return place(f"/registrations/{number}", done=self.done, n=what)

    @abstractmethod
    def deed(self, doer: Doer, number: int, fields: Fields) -> Work[str | None]:
        """Return what is to be done in the ledger. Raises `falcon.HTTPBadRequest`."""


class Retry(_Deed):
    """Prepares a registration again."""

    done = "retried"

    def deed(self, doer: Doer, number: int, fields: Fields) -> Work[str | None]:  # noqa: ARG002
        """Put it back."""
        return lambda c: retry_one(c, doer, number)


class Ignore(_Deed):
    """Settles a registration that is parked."""

    done = "ignored"

    def deed(self, doer: Doer, number: int, fields: Fields) -> Work[str | None]:
        """Set it to filtered."""
        reason = required_reason(fields)
        return lambda c: ignore_one(c, doer, number, reason)


class Correct(_Deed):
    """Gives a registration, or its record at a target, another value."""

    done = "corrected"

    def deed(self, doer: Doer, number: int, fields: Fields) -> Work[str | None]:
        """Keep the correction and put the registration back."""
        reason = required_reason(fields)
        made = _correction(fields)
        return lambda c: correct_one(c, doer, number, made, reason)


def required_reason(fields: Fields) -> str:
    """Return why somebody does something. Raises `falcon.HTTPBadRequest` when they do not say."""
    reason = fields.get("why", "").strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise falcon.HTTPBadRequest(
            description=f"Say why, in at most {LONGEST_REASON} characters; it is kept with what "
            "you do."
        )
    return reason


def _correction(fields: Fields) -> Correction:
    as_json = fields.get("as", "text") == "json"
    text = fields.get("value", "")
    try:
        return read_correction(
            fields.get("field", ""), text, fields.get("target", ""), as_json=as_json
        )
    except RejectedError as error:
        raise falcon.HTTPBadRequest(description=f"Nothing was corrected: {error}.") from None
