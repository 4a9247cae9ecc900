"""WhoAmI, the user's privileges, and the query that tells which tables take bulk operations."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from regbridge_dynamics.simulator.elements import Element, read_options, show_all
from regbridge_dynamics.simulator.namespace import NAMESPACE
from regbridge_dynamics.simulator.request import Answer, Call
from regbridge_dynamics.simulator.rights import Rights, privilege_id
from regbridge_dynamics.simulator.schema import Schema, Table

_MESSAGES = ("Create", "Update", "Upsert", "Delete", "Retrieve", "RetrieveMultiple")
_BULK_MESSAGES = ("CreateMultiple", "UpdateMultiple")  # never UpsertMultiple (section 4)
_NAMES = uuid.UUID("c7c1d6a4-1f0e-4b6e-9a34-0d8f5f7b9e21")


def who_am_i(base_url: str, user_id: str) -> Answer:
    """Answer `GET WhoAmI`."""
    body = {
        "@odata.context": f"{base_url}/$metadata#{NAMESPACE}WhoAmIResponse",
        "BusinessUnitId": str(uuid.uuid5(_NAMES, "business unit")),
        "UserId": user_id,
        "OrganizationId": str(uuid.uuid5(_NAMES, "organization")),
    }
    return Answer(200, body)


def user_privileges(base_url: str, rights: Rights) -> Answer:
    """Answer `GET systemusers(id)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges`."""
    held: list[dict[str, Any]] = [
        {
            "Depth": "Global",
            "PrivilegeId": privilege_id(name),
            "PrivilegeName": name,
            "BusinessUnitId": str(uuid.uuid5(_NAMES, "business unit")),
        }
        for name in rights.held()
    ]
    kind = f"{NAMESPACE}RetrieveUserPrivilegesResponse"
    return Answer(200, {"@odata.context": f"{base_url}/$metadata#{kind}", "RolePrivileges": held})


def message_filters(base_url: str, schema: Schema, call: Call) -> Answer:
    """Answer `GET sdkmessagefilters`, by which bulk support is found out (section 4)."""
    options = read_options(call.query)
    found = tuple(element for table in schema for element in _filters(table))
    context = f"{base_url}/$metadata#sdkmessagefilters"
    return Answer(200, {"@odata.context": context, "value": show_all(found, options)})


def _filters(table: Table) -> Iterator[Element]:
    for message in _MESSAGES + (_BULK_MESSAGES if table.bulk else ()):
        values = {
            "sdkmessagefilterid": str(uuid.uuid5(_NAMES, f"{table.name}/{message}")),
            "primaryobjecttypecode": table.name,
            "sdkmessageid": {"name": message},
        }
        yield Element("sdkmessagefilter", values, "sdkmessagefilter")
