"""Decides how upserts with different keys are sent, and what follows from refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from regbridge import CredentialsError, Outcome, RegbridgeError, RetryableError
from regbridge.rounds import outcome_of
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.errors import THROTTLED, Refusal, Trouble
from regbridge_dynamics.outcomes import refused
from regbridge_dynamics.records import Upsert
from regbridge_dynamics.schema import Table
from regbridge_dynamics.upserts import Results, upsert_each, upsert_one, upsert_together

How = Callable[[WebApi, Table, Sequence[Upsert]], Results]

_ASK_ADMINISTRATOR = "give the application user a security role that allows it"


def send(web: WebApi, table: Table, upserts: Sequence[Upsert]) -> dict[int, Outcome]:
    """Send upserts, no two of them with the same key; return the outcome of each by its place.

    Many go together where the table takes that; when one spoils the call for all, each is sent
    for itself and settled by its own answer. Raises as `WebApi.send` does, and when nothing was
    delivered for a reason that is no single record's.
    """
    results = _results(web, table, upserts)
    _raise_if_of_all(web, results)
    return {
        upsert.place: found if isinstance(found, Outcome) else refused(found, upsert)
        for upsert in upserts
        for found in (results[upsert.place],)
    }


def _results(web: WebApi, table: Table, upserts: Sequence[Upsert]) -> Results:
    if not table.takes_bulk or len(upserts) == 1:
        return _race_again(web, table, upserts, _each(web, table, upserts))
    found = upsert_together(web, table, upserts)
    if not isinstance(found, Refusal):
        return found
    if found.trouble is Trouble.TOO_LARGE:
        return _halved(_results, web, table, upserts)
    results = _each(web, table, upserts)
    if found.trouble is Trouble.RACE:  # then this was the second try already
        return results
    return _race_again(web, table, upserts, results)


def _each(web: WebApi, table: Table, upserts: Sequence[Upsert]) -> Results:
    """Send each record for itself, in one call."""
    if len(upserts) == 1:
        return {upserts[0].place: upsert_one(web, table, upserts[0])}
    found = upsert_each(web, upserts)
    if not isinstance(found, Refusal):
        return found
    if found.trouble is Trouble.TOO_LARGE:
        return _halved(_each, web, table, upserts)
    if found.trouble is Trouble.RIGHTS:
        raise _without_rights(found)
    raise RetryableError(f"Dataverse refuses a batch as a whole: {found}", detail=found.detail)


def _race_again(web: WebApi, table: Table, upserts: Sequence[Upsert], results: Results) -> Results:
    """Send once more what lost a race: somebody else made the record, so now it can be changed."""
    lost = [
        upsert
        for upsert in upserts
        if isinstance(found := results[upsert.place], Refusal) and found.trouble is Trouble.RACE
    ]
    return _besides(results, _each, web, table, lost) if lost else results


def _halved(how: How, web: WebApi, table: Table, upserts: Sequence[Upsert]) -> Results:
    half = len(upserts) // 2
    return _besides(how(web, table, upserts[:half]), how, web, table, upserts[half:])


def _besides(
    results: Results, how: How, web: WebApi, table: Table, upserts: Sequence[Upsert]
) -> Results:
    """Return results and those of a further call; if that fails, the others stay settled."""
    try:
        return results | how(web, table, upserts)
    except RegbridgeError as error:
        return results | {upsert.place: outcome_of(error, web.clock()) for upsert in upserts}


def _raise_if_of_all(web: WebApi, results: Results) -> None:
    """Raise what is no single record's fault, unless something was delivered all the same."""
    refusals = [found for found in results.values() if isinstance(found, Refusal)]
    troubles = {refusal.trouble for refusal in refusals}
    for refusal in refusals:
        if refusal.trouble in THROTTLED:
            stopped = web.stop(refusal)
            if troubles <= THROTTLED and len(refusals) == len(results):
                raise stopped
            break
    if len(refusals) < len(results):
        return
    for refusal in refusals:
        if refusal.trouble is Trouble.RIGHTS:
            raise _without_rights(refusal)
    if troubles == {Trouble.LATER}:
        first = refusals[0]
        raise RetryableError(str(first), retry_after=first.retry_after, detail=first.detail)


def _without_rights(refusal: Refusal) -> CredentialsError:
    return CredentialsError(f"{refusal}; {_ASK_ADMINISTRATOR}", detail=refusal.detail)
