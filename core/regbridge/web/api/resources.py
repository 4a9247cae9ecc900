"""The facts that may be asked for, each from where the commands have them too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

import falcon

from regbridge.reconcile.report import plain_differences, proofs
from regbridge.status import figures
from regbridge.store.clock import from_ms
from regbridge.store.timings import KEPT_DAYS
from regbridge.story import Story, receipt_story, registrant_stories, registration_story
from regbridge.timing_report import plain_times, stage_times
from regbridge.web.api.asked import Asked, whole
from regbridge.web.api.document import DIFFERENCES, MOST_DIFFERENCES
from regbridge.web.api.source import Resource, Source, missing

_NAMED = 20


class Status(Resource):
    """What `regbridge status --json` prints."""

    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:  # noqa: ARG002
        """Return the figures."""
        return figures(self.source.store, self.source.clock())


class Timings(Resource):
    """What `regbridge status --timings --json` prints."""

    parameters = ("days",)

    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:  # noqa: ARG002
        """Return how long each stage took."""
        days = asked.number("days", 1, KEPT_DAYS)
        times = stage_times(self.source.store, days, _today(self.source))
        return {"days": days, "timings": plain_times(times)}


class Registrations(Resource):
    """What `regbridge show TEXT --json` prints."""

    parameters = ("text", "client", "body")

    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:  # noqa: ARG002
        """Return the stories of everybody whom the text names."""
        text, body = asked.text("text"), asked.truth("body")
        if not text:
            raise falcon.HTTPBadRequest(
                description="text is missing: a confirmation number, e-mail address, full name "
                "or id."
            )
        stories = registrant_stories(self.source.store, text, asked.text("client"), body=body)
        if stories:
            self.source.note(req, _about(stories))
        return stories


class _Numbered(Resource):
    """The story of what has a number in the ledger."""

    parameters = ("body",)
    what: ClassVar[str]
    story: ClassVar[Callable[..., Any]]

    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:
        """Return the story."""
        number, body = whole(places["number"]), asked.truth("body")
        tell = type(self).story
        story = None if number is None else tell(self.source.store, number, body=body)
        if story is None:
            raise missing(req, f"There is no {self.what} of this number.", **{self.what: number})
        self.source.note(req, f"{self.what} {number}")
        return story


class Registration(_Numbered):
    """The registrant whom one registration is about, with all revisions."""

    what = "registration"
    story = registration_story


class Receipt(_Numbered):
    """What `regbridge show --receipt NUMBER --json` prints, without the brackets around it."""

    what = "receipt"
    story = receipt_story


class Proofs(Resource):
    """The last comparison of each event with Cvent and the targets."""

    parameters = ("client",)

    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:  # noqa: ARG002
        """Return the passes."""
        client = asked.text("client")
        return {"proofs": self.source.store.read(lambda c: proofs(c, client))}


class Differences(Resource):
    """What the last comparisons of one event found, by name."""

    parameters = ("limit",)

    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:
        """Return the differences; `event` is the event's name or its eventStub."""
        limit = asked.number("limit", DIFFERENCES, MOST_DIFFERENCES)
        client, event = places["client"], places["event"]
        found = self.source.store.read(lambda c: _differences(c, client, event, limit + 1))
        if found is None:
            text = "No event of this name was compared for a client of this name."
            raise missing(req, text, event=event)
        rows = found["differences"]
        if rows:
            self.source.note(req, f"differences of {client} {found['event']}")
        return {**found, "differences": rows[:limit], "has_more": len(rows) > limit}


def _differences(connection: Any, client: str, event: str, limit: int) -> dict[str, Any] | None:
    """Return what stands about an event, None for one that was never compared."""
    named = {event, event.lower()}
    passes = [
        each for each in proofs(connection, client) if named & {each["event"], each["event_id"]}
    ]
    if not passes or not client:
        return None
    stub = passes[-1]["event_id"]
    return {
        "client": client,
        "event": passes[-1]["event"],
        "event_id": stub,
        "differences": plain_differences(connection, client, stub, limit),
    }


def _today(source: Source) -> date:
    return from_ms(source.clock()).date()


def _about(stories: list[Story]) -> str:
    """Return whom stories are about, by the number of each one's last registration."""
    numbers = [str(story["registrations"][-1]["registration"]) for story in stories]
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    many = "s" if len(numbers) > 1 else ""
    return f"registration{many} {', '.join(numbers[:_NAMED])}{more}"
