"""Tables as the environment would describe them, for tests without one."""

from __future__ import annotations

from typing import Any

from regbridge_dynamics.schema import Behavior, Column, Key, Option, Table, Type
from regbridge_dynamics.settings import DynamicsSettings

STATUS = (Option(100000000, ("Accepted",)), Option(100000001, ("Cancelled",)))


def table(name: str, entity_set: str, *columns: Column, **rest: Any) -> Table:
    return Table(name, entity_set, f"{name}id", {one.name: one for one in columns}, **rest)


CONTACT = table(
    "contact",
    "contacts",
    Column("contactid", Type.GUID, "Uniqueidentifier", can_update=False),
    Column("new_cventcontactid", Type.STRING, "String", max_length=36),
    Column("lastname", Type.STRING, "String", max_length=50),
    keys=(Key("new_cvent", frozenset({"new_cventcontactid"}), "Active"),),
    privileges={"Read": "prvReadContact", "AppendTo": "prvAppendToContact"},
)
STAGING = table(
    "new_staging",
    "new_stagings",
    Column("new_stagingid", Type.GUID, "Uniqueidentifier", can_update=False),
    Column("new_invitee", Type.STRING, "String", max_length=36, is_required=True, is_custom=True),
    Column("new_event", Type.STRING, "String", max_length=36),
    Column("new_hash", Type.STRING, "String", max_length=100),
    Column("new_count", Type.INTEGER, "Integer"),
    Column("new_rate", Type.DECIMAL, "Decimal", places=2),
    Column("new_day", Type.DATE_TIME, "DateTime", behavior=Behavior.DATE_ONLY),
    Column("new_at", Type.DATE_TIME, "DateTime"),
    Column("new_status", Type.CHOICE, "Picklist", options=STATUS),
    Column("new_memo", Type.MEMO, "Memo", max_length=2000),
    Column("new_member", Type.BOOLEAN, "Boolean"),
    Column("new_photo", Type.OTHER, "Image"),
    Column("new_contact", Type.LOOKUP, "Lookup", targets=("contact",)),
    Column("new_other", Type.LOOKUP, "Lookup", targets=("account", "contact")),
    Column("statecode", Type.STATE, "State", options=(Option(0, ("Active",)),)),
    Column("createdon", Type.DATE_TIME, "DateTime", can_create=False, can_update=False),
    Column("overriddencreatedon", Type.DATE_TIME, "DateTime", can_update=False),
    Column("new_must", Type.STRING, "String", max_length=9, is_required=True, is_custom=True),
    keys=(
        Key("new_both", frozenset({"new_invitee", "new_event"}), "Active"),
        Key("new_pending", frozenset({"new_count"}), "Pending"),
        Key("new_failed", frozenset({"new_day"}), "Failed"),
    ),
    navigation={
        ("new_contact", "contact"): "new_Contact",
        ("new_other", "contact"): "new_Other_contact",
        ("new_other", "account"): "new_Other_account",
    },
    takes_bulk=True,
)


def settings(**changes: Any) -> DynamicsSettings:
    """Return settings for the staging table; the secret is the PATH of this process."""
    return DynamicsSettings.model_validate(
        {
            "url": "https://contoso.crm.dynamics.com",
            "tenant": "contoso.onmicrosoft.com",
            "client_id": "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02",
            "client_secret": {"env": "PATH"},
            "table": "new_staging",
            "key": ["new_invitee", "new_event"],
            **changes,
        }
    )
