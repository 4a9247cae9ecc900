"""Whether the application user's roles allow what a target does, as far as they can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regbridge import Finding, Level
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.errors import Refusal
from regbridge_dynamics.schema import Table
from regbridge_dynamics.settings import DynamicsSettings

Keys = tuple[str | int, ...]

_BYPASS = "prvBypassCustomBusinessLogic"
_ACT_FOR = "prvActOnBehalfOfAnotherUser"
_OWN = "Basic"
"""The depth of a privilege over the user's own rows (Microsoft's enumeration PrivilegeDepth)."""


def privilege_findings(
    web: WebApi,
    user: str,
    table: Table,
    parents: Mapping[str, Table],
    settings: DynamicsSettings,
    path: Keys,
) -> Iterator[Finding]:
    """Yield a warning for the privileges that the user's own roles lack, or that all are there.

    Another one when only its own rows can be read: what is assigned to others would be missed.

    A team may give what the roles do not, so no lack is certain. Raises as `WebApi.send` does.
    """
    found = web.get(f"systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges")
    if isinstance(found, Refusal):
        text = f"the privileges of the application user cannot be read: {found}"
        remedy = "let an administrator compare its security roles with the documentation"
        yield Finding(Level.WARNING, text, remedy=remedy, path=path)
        return
    depths = _depths(found.json())
    missing = [name for name in _needed(table, parents, settings) if name not in depths]
    if missing:
        yield Finding(
            Level.WARNING,
            f"the security roles of the application user lack {', '.join(missing)}",
            remedy="add them to its role, unless a team gives them to it",
            path=path,
        )
    else:
        text = "the application user has all privileges that the target needs"
        yield Finding(Level.OK, text, path=path)
    read = table.privileges.get("Read", "")
    if depths.get(read) == {_OWN}:
        yield Finding(
            Level.WARNING,
            f"the security roles of the application user give {read} for its own rows alone, so "
            "rows that were assigned to others look as if they were missing",
            remedy="give it for the whole organization",
            path=path,
        )


def _depths(answer: Any) -> dict[str, set[str]]:
    """Return how far each privilege reaches, by its name; several roles may give it."""
    given = answer.get("RolePrivileges") if isinstance(answer, dict) else None
    found: dict[str, set[str]] = {}
    for one in given if isinstance(given, list) else ():
        depth = str(one.get("Depth") or "")
        found.setdefault(str(one.get("PrivilegeName") or ""), set()).add(depth)
    return found


def _needed(
    table: Table, parents: Mapping[str, Table], settings: DynamicsSettings
) -> Iterator[str]:
    kinds = ["Create", "Read", "Write", *(["Append"] if parents else [])]
    for one, wanted in ((table, kinds), *((p, ["Read", "AppendTo"]) for p in parents.values())):
        for kind in wanted:
            if name := one.privileges.get(kind):
                yield name
    if settings.headers.bypass_logic or settings.headers.bypass_steps:
        yield _BYPASS
    if settings.headers.caller_object_id:
        yield _ACT_FOR
