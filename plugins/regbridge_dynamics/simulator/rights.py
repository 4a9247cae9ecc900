"""What the application user's security roles allow."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from regbridge_dynamics.simulator.errors import missing_privilege
from regbridge_dynamics.simulator.schema import Schema, Table

BYPASS_LOGIC = "prvBypassCustomBusinessLogic"
BYPASS_PLUGINS = "prvBypassCustomPlugins"
ACT_ON_BEHALF = "prvActOnBehalfOfAnotherUser"

_ACTIONS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo")
_SPECIAL = (BYPASS_LOGIC, BYPASS_PLUGINS, ACT_ON_BEHALF)
_NAMES = uuid.UUID("6f1f3b0e-8d5c-4a55-9d0e-3f2a8c7b1d40")


class Rights:
    """Privileges by name, such as `prvCreateContact`.

    All are held but those in `denied`, a set that tests change. To bypass custom logic and to act
    for others is denied to begin with, since only System Administrators may.
    """

    def __init__(self, schema: Schema) -> None:
        self.denied: set[str] = set(_SPECIAL)
        self._schema = schema

    def require(self, user_id: str, privilege: str) -> None:
        """Raise `ApiError` when the user does not have a privilege."""
        if privilege in self.denied:
            raise missing_privilege(user_id, privilege)

    def held(self) -> Iterator[str]:
        """Yield the names of the privileges that the user has."""
        for table in self._schema:
            yield from (name for name in privileges_of(table) if name not in self.denied)
        yield from (name for name in _SPECIAL if name not in self.denied)


def privilege(action: str, table: Table) -> str:
    """Return the name of a privilege."""
    return f"prv{action}{table.type_name}"


def privileges_of(table: Table) -> list[str]:
    """Return the names of all privileges on a table, in the order of create, read, write."""
    return [privilege(action, table) for action in _ACTIONS]


def privilege_id(name: str) -> str:
    """Return the id of a privilege, always the same one."""
    return str(uuid.uuid5(_NAMES, name))
