"""What a service's answer means for the record that was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from regbridge import AmbiguousError, CredentialsError, Outcome, RejectedError, RetryableError
from regbridge import http as outbound
from regbridge_protech.answer import Fault, Result, Unrecognized, read_answer
from regbridge_protech.operation import Binding, Operation
from regbridge_protech.success import Failure, Rule, Success

_REFUSED = {400, 413, 414, 422, 431}
_LATER = {408, 429, 503}
_ELSEWHERE = "compare `url`, `binding` and `operation` with the service's WSDL"

Mask = Callable[[str], str]
"""Takes out of a service's text what is personal."""


def outcome_of(
    answer: outbound.Answer,
    operation: Operation,
    binding: Binding,
    rule: Rule,
    mask: Mask,
    now: datetime,
) -> Outcome:
    """Return what became of the record.

    HTTP's status proves nothing (reference/protech-service.md, section 1.4): a result is judged by
    the success rule whatever the status. Raises `RejectedError` when the service refuses the call,
    `CredentialsError` when it does not let us in, `RetryableError` when surely nothing was done,
    `AmbiguousError` when nobody can say.
    """
    if answer.status in (401, 403):
        raise CredentialsError(f"the service does not let us in ({answer.status})")
    read = read_answer(operation, binding, answer.body)
    match read:
        case Result():
            return _judged(read.text, rule, mask)
        case Fault():
            raise _of_fault(read, mask)
        case Unrecognized():
            raise _of_status(answer, read, now)
        case _ as never:
            assert_never(never)


def _judged(text: str, rule: Rule, mask: Mask) -> Outcome:
    verdict = rule(text)
    match verdict:
        case Success():
            return Outcome.created(verdict.external_id)
        case Failure():
            said = mask(verdict.text).strip()
            return Outcome.rejected(f"{verdict.problem}: {said or 'it is empty'}")
        case _ as never:
            assert_never(never)


def _of_fault(fault: Fault, mask: Mask) -> RejectedError | AmbiguousError:
    """A fault of the caller was found before anything was done, the service's own at any time."""
    said = mask(fault.text).strip()
    text = (
        f"the service answers with the fault {fault.code or 'without a code'}: {said or 'no text'}"
    )
    return RejectedError(text) if fault.is_callers else AmbiguousError(text)


def _of_status(
    answer: outbound.Answer, read: Unrecognized, now: datetime
) -> RejectedError | RetryableError | AmbiguousError:
    text = f"the service answers {answer.status}, and {read.problem}"
    if answer.status in _REFUSED:
        return RejectedError(f"{text}; it refuses this request")
    if answer.status in _LATER:
        wait = outbound.seconds_to_wait(answer.headers, now)
        return RetryableError(text, retry_after=wait)
    if 300 <= answer.status < 500 or (answer.status == 200 and read.is_page):
        return RetryableError(f"{text}; something else answers at its address, {_ELSEWHERE}")
    return AmbiguousError(text)
