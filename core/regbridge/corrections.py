"""Values that a person corrected for one registration, laid over what arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec

from regbridge.errors import RejectedError
from regbridge.models import Record, Registration

PATCH = "corrections"
"""The name under which `registration.enriched` has them, as if a plugin had fetched them."""

LONGEST_FIELD = 200
"""So many characters the name of a corrected field has at most."""

_OF_THE_HOST = ("enriched", "message", "registration", "event.id", "event.name", "event.time_zone")
"""What the host itself says about a registration, whatever Cvent and plugins say."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One value. `target` is "" for one of the registration, else a field of that target's record.

    The field of a registration is a name, or names with dots between them, as a map says `from`:
    `lastName`, `answers.member_id`. One that `is_damaged` has lost its value.
    """

    field: str
    value: Any
    target: str = ""
    is_damaged: bool = False


def is_correctable(field: str) -> bool:
    """Say whether a value of a registration is one that Cvent sent or a plugin fetched."""
    return not any(field == own or field.startswith(f"{own}.") for own in _OF_THE_HOST)


def read_correction(
    field: str, text: str, target: str = "", *, as_json: bool = False
) -> Correction:
    """Return the correction that a person typed: a text, or JSON for what is no text.

    Raises `RejectedError` for a field that cannot be corrected, or a value that is no JSON.
    """
    field = field.strip()
    if not field or len(field) > LONGEST_FIELD:
        raise RejectedError(f"name a field of at most {LONGEST_FIELD} characters")
    if not target and not is_correctable(field):
        raise RejectedError(f"{field} is not what Cvent sent, so it cannot be corrected")
    if not as_json:
        return Correction(field, text, target)
    try:
        return Correction(field, msgspec.json.decode(text), target)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise RejectedError(f"the value of {field} is not JSON: {error}") from None


def correct_registration(
    registration: Registration, corrections: Sequence[Correction]
) -> Registration:
    """Return a registration with the corrected values in `fields`, and over all enrichment.

    Raises `RejectedError` for a name that leads into a value that has no names in it, and for any
    correction whose value is lost, for whichever target it is.
    """
    if lost := [each.field for each in corrections if each.is_damaged]:
        raise RejectedError(
            f"the corrected value of {lost[0]} cannot be decrypted any more; correct it again",
            field=lost[0],
        )
    mine = [each for each in corrections if not each.target]
    if not mine:
        return registration
    document = registration.document()
    patch: dict[str, Any] = {}
    for each in mine:
        head, *path = each.field.split(".")
        patch.setdefault(head, deepcopy(document.get(head)))
        patch[head] = _set(patch[head], path, each)
    return replace(
        registration,
        fields=MappingProxyType({**registration.fields, **patch}),
        enriched=MappingProxyType({**registration.enriched, PATCH: MappingProxyType(patch)}),
    )


def correct_record(record: Record, target: str, corrections: Sequence[Correction]) -> Record:
    """Return a target's record with the corrected fields."""
    mine = {each.field: each.value for each in corrections if each.target == target}
    return replace(record, fields={**record.fields, **mine}) if mine else record


def _set(within: Any, path: Sequence[str], correction: Correction) -> Any:
    """Return a value whose part at `path` is the corrected one."""
    if not path:
        return correction.value
    if within is not None and not isinstance(within, Mapping):
        raise RejectedError(
            f"the correction of {correction.field} does not fit: what is before .{path[0]} has no "
            "names in it; correct the whole of it",
            field=correction.field,
        )
    inner = dict(within or {})
    return {**inner, path[0]: _set(inner.get(path[0]), path[1:], correction)}
