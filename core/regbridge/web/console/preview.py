"""What each target would get for one registration now; nothing is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import falcon

from regbridge.changes import fields_of
from regbridge.corrections import PATCH
from regbridge.errors import RegbridgeError
from regbridge.mapped import Mapped
from regbridge.pipeline import Pipeline
from regbridge.preview import Preview, preview_of, stored_mapped
from regbridge.store.revisions import newer_revisions
from regbridge.store.told import find_whole
from regbridge.timeline import linked
from regbridge.web.console.desk import Desk, place, show_errors

Texts = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one target would get, its values as text."""

    preview: Preview
    fields: Texts


class PreviewPage:
    """Answers a form: it may call Cvent, so nobody gets it by following a link."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = threading.Lock()

    def on_get(self, _req: falcon.Request, resp: falcon.Response, number: int) -> None:
        """Lead back to the registration whoever opens the address anew."""
        resp.status = falcon.HTTP_303
        resp.location = place(f"/registrations/{number}")

    def on_post(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        """Run the client's plugins, and show what came of it."""
        show_errors(self._desk, req)
        visitor, _ = self._desk.admit_action(req)
        row = self._desk.store.read(lambda c: find_whole(c, number))
        if row is None:
            raise falcon.HTTPNotFound(description=f"There is no registration {number}.")
        mapped, shown = self._made(row)
        self._desk.note(visitor, "previewed", about=f"registration {number}")
        newer = self._desk.store.read(lambda c: newer_revisions(c, [number]))
        self._desk.show(
            req,
            resp,
            "preview",
            visitor,
            title=f"Preview of registration {number}",
            number=number,
            linked=linked,
            newer=newer.get(number),
            shown=shown,
            enriched=list(_enriched(mapped)),
        )

    def _made(self, row: Any) -> tuple[list[Mapped], list[Shown]]:
        """Return what a registration maps to, and how that is shown.

        Raises `falcon.HTTPConflict` when there can be no preview now.
        """
        with self._desk.clients.borrow(row.client) as pipeline:
            if pipeline is None:
                why = f"the client {row.client} is not running here; `regbridge check` says why"
                raise _none(why)
            mapped = self._mapped(row, pipeline)
            return mapped, [_shown(each, pipeline) for each in mapped]

    def _mapped(self, row: Any, pipeline: Pipeline) -> list[Mapped]:
        """Map a registration; one preview at a time, or Cvent's posts would wait."""
        if row.purged_at is not None:
            raise _none("the data of this registration was removed")
        if not self._turn.acquire(blocking=False):
            raise _none("another preview is being made; try again in a moment")
        try:
            return list(stored_mapped(self._desk.store, [row], pipeline))
        except RegbridgeError as error:
            raise _none(str(error)) from None
        finally:
            self._turn.release()


def _none(why: str) -> falcon.HTTPConflict:
    return falcon.HTTPConflict(description=f"There is no preview: {why}.")


def _shown(mapped: Mapped, pipeline: Pipeline) -> Shown:
    preview = preview_of(mapped, pipeline)
    return Shown(preview, list(fields_of(preview.fields)) if preview.fields else [])


def _enriched(mapped: Sequence[Mapped]) -> Iterator[tuple[str, Texts]]:
    """Yield what each plugin added, by its name."""
    found: Mapping[str, Mapping[str, Any]] = mapped[-1].registration.enriched if mapped else {}
    for plugin, patch in found.items():
        if plugin != PATCH:
            yield plugin, list(fields_of(dict(patch)))
