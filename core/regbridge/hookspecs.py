"""The hook specifications: everything that a plugin can do."""
# pluggy reads the signatures below; their bodies are never called.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pluggy

from regbridge.errors import RegistrationError
from regbridge.models import (
    AttendeePage,
    DeliveredPage,
    Drop,
    Endpoint,
    Event,
    Finding,
    Identity,
    Outcome,
    Record,
    Registration,
    Request,
    Target,
)

hookspec = pluggy.HookspecMarker("regbridge")
hookimpl = pluggy.HookimplMarker("regbridge")


@hookspec(firstresult=True)
def authenticate_request(request: Request, endpoint: Endpoint) -> Identity | None:
    """Say who sent a request, before its body is read.

    Stage *authenticate*, first result wins. Return an `Identity` to vouch for the request and
    None for "not my scheme"; when every plugin is silent the answer is 401. Raise
    `AuthenticationError` to say why not and `RetryableError` when nobody can tell now: others are
    asked all the same, and if none vouches the answer is 401 or 503. Compare secrets in constant
    time, never log them.

    Example: `cvent-token` compares the Authorization value with the endpoint's tokens and returns
    `Identity("token 1")`.
    """


@hookspec
def filter_registration(registration: Registration) -> Drop | None:
    """Decide whether one registration goes on.

    Stage *filter*, every plugin is asked in call order and the first `Drop` ends it. Return None
    to keep the registration. The reason is shown to planners, so write it for them. Enrichment has
    not run yet: only the webhook's own fields are there.

    Example: `skip-guests` returns `Drop("a guest; this client takes primary registrants only")`.
    """


@hookspec(firstresult=True)
def dedupe_key(registration: Registration) -> str | None:
    """Name the change that a registration stands for.

    Stage *dedupe*, first result wins; when all are silent the host's own key is used, which is
    made of messageStub, subject and occurrence. The ledger accepts a key once for each client; a
    later registration with the same key becomes a *duplicate*. Return the same key only for what
    must be processed once.

    Example: `once` returns `f"once:{registration.subject}"`, so that later changes are ignored.
    """


@hookspec
def enrich_registrations(
    registrations: Sequence[Registration],
) -> Sequence[Mapping[str, Any] | RegistrationError | None] | None:
    """Add what the webhook leaves out, for a batch at a time.

    Stage *enrich*, every plugin is asked in call order. Return one entry for each registration in
    the order given: a patch, a `RetryableError` or `RejectedError` for that registration alone, or
    None. The patch appears as `registration.enriched["<plugin>"]`. The class attribute
    `batch_size` bounds the batch. Return None when there is nothing to add at all.

    Example: `cvent-enrich` reads 200 attendees by one call and returns their answers.
    """


@hookspec(firstresult=True)
def map_registration(registration: Registration, target: Target) -> Record | Drop | None:
    """Turn one registration into the record of one target.

    Stage *map*, first result wins. Return a `Record`, a `Drop` for "nothing for this target", or
    None for "not my target". Raise `RejectedError(field=...)` when a value is missing or wrong:
    only this registration is parked, with the field's name.

    Example: `yaml-map` evaluates the `map:` block of the target's YAML.
    """


@hookspec(firstresult=True)
def deliver_records(  # type: ignore[empty-body]
    records: Sequence[Record], target: Target
) -> Sequence[Outcome]:
    """Bring a batch of records to a target; only the target's own plugin is asked.

    Stage *deliver*. Return one `Outcome` for each record in the order given, never None. Raise
    `RetryableError`, `CredentialsError`, `QuotaExceededError` or `AmbiguousError` when the whole
    call failed. `batch_size`, `concurrency` and `idempotent` are class attributes of the plugin.

    Example: `files` appends a line for each record and returns `Outcome.created()`.
    """


@hookspec
def check_connection(target: Target) -> Sequence[Finding] | None:
    """Try a target without changing anything, for `regbridge check --online`.

    Every plugin is asked. Return findings (ok, warning, error), each with a remedy that the reader
    can act on, or None when there is nothing to check. Must not raise for a target that does not
    answer: that is a finding.

    Example: `files` reports whether the folder of its file can be written.
    """


@hookspec(firstresult=True)
def list_attendees(event: Event, since: datetime | None, page: str) -> AttendeePage | None:
    """Say whom Cvent has at an event, a page at a time, for `regbridge reconcile`.

    First result wins; None means "not my event". With `since`, only those are listed of whom
    anything changed after it. `page` is "" for the first page and then the `next_page` of the
    answer before, which may have been given to another process. Each call is one call of Cvent's.
    Raise `RejectedError` for a page that is no longer known: the host begins again.

    Example: `cvent-enrich` pages the attendees, 200 by one call.
    """


@hookspec(firstresult=True)
def list_delivered(  # type: ignore[empty-body]
    target: Target, page: str
) -> DeliveredPage:
    """Say what a target has, a page at a time, for `regbridge reconcile`.

    Only the target's own plugin is asked; one that cannot be read back leaves the hook out. `page`
    is "" for the first page and then the `next_page` of the answer before. Raise `RejectedError`
    for a page that is no longer known. A plugin with this hook has `as_delivered` too, for how a
    record that was delivered is listed.

    Example: `files` reads its file, and the number of the delivery is the key.
    """
