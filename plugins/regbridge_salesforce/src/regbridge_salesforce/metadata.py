"""Reads what an org says about its objects, and remembers it for a while."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from regbridge import RetryableError, did_you_mean
from regbridge_salesforce.client import RestApi
from regbridge_salesforce.errors import Refusal, Trouble
from regbridge_salesforce.schema import Choice, Field, SObject

SECONDS = 600.0
"""For how long an object is remembered; so late a new field or picklist value is seen."""

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)


class Metadata:
    """The objects of one org. Several threads may share it."""

    def __init__(self, api: RestApi, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, tuple[float, SObject]] = {}
        self._lock = threading.Lock()

    def object(self, name: str) -> SObject:
        """Return an object, read by one call unless it is remembered.

        Raises `RetryableError` when there is none of that name, or as `RestApi.send` does.
        """
        found = self.find(name)
        if found is None:
            raise RetryableError(
                f"the org shows no object {name}; correct the settings, or give the integration "
                "user access to it"
            )
        return found

    def find(self, name: str) -> SObject | None:
        """Return an object, None when the user sees none of that name. Raises as `object` else."""
        if not _NAME.fullmatch(name):
            return None
        with self._lock:  # whoever comes second waits for the first one's answer
            known = self._known.get(name)
            if known and self._clock() < known[0]:
                return known[1]
            found = self._read(name)
            if found:
                self._known[name] = (self._clock() + SECONDS, found)
            return found

    def suggestion(self, name: str) -> str:
        """Return what may have been meant by a name that the user sees no object of."""
        found = self._api.get("/sobjects")
        document = {} if isinstance(found, Refusal) else found.json()
        objects = document.get("sobjects") if isinstance(document, dict) else ()
        names = [str(one.get("name")) for one in objects or () if isinstance(one, dict)]
        access = "give it access by a permission set"
        return f"{did_you_mean(name, names) or 'correct it'}; or {access}"

    def forget(self) -> None:
        """Ask anew from now on: the org refuses what it said before."""
        with self._lock:
            self._known.clear()

    def _read(self, name: str) -> SObject | None:
        found = self._api.get(f"/sobjects/{name}/describe")
        if isinstance(found, Refusal):
            if found.trouble is Trouble.GONE:
                return None
            raise RetryableError(f"the org does not describe {name}: {found}")
        return read_object(found.json())


def read_object(document: Any) -> SObject:
    """Return what a describe says. Raises `RetryableError` for what is none."""
    fields = document.get("fields") if isinstance(document, dict) else None
    if not isinstance(fields, list):
        raise RetryableError("the org describes an object in a form that is not known")
    read = [_field(one) for one in fields if isinstance(one, dict)]
    return SObject(
        name=str(document.get("name") or ""),
        fields={one.name: one for one in read},
        can_create=document.get("createable") is not False,
        can_update=document.get("updateable") is not False,
        can_query=document.get("queryable") is not False,
    )


def _field(given: Mapping[str, Any]) -> Field:
    choices = (
        Choice(str(one.get("value") or ""), str(one.get("label") or ""))
        for one in given.get("picklistValues") or ()
        if one.get("active") is not False
    )
    return Field(
        name=str(given.get("name") or ""),
        type=str(given.get("type") or ""),
        label=str(given.get("label") or ""),
        length=int(given.get("length") or 0),
        precision=int(given.get("precision") or 0) or int(given.get("digits") or 0),
        scale=int(given.get("scale") or 0),
        can_create=given.get("createable") is True,
        can_update=given.get("updateable") is True,
        can_be_empty=given.get("nillable") is not False,
        has_default=given.get("defaultedOnCreate") is True,
        is_external_id=given.get("externalId") is True,
        is_unique=given.get("unique") is True,
        is_case_sensitive=given.get("caseSensitive") is True,
        is_restricted=given.get("restrictedPicklist") is True,
        choices=tuple(choices),
        relationship=str(given.get("relationshipName") or ""),
        refers_to=tuple(str(one) for one in given.get("referenceTo") or ()),
    )
