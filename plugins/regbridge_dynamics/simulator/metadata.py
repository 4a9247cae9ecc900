"""What an environment says about its tables: columns, keys, relationships, privileges."""

from __future__ import annotations

import uuid
from typing import Any

from regbridge_dynamics.simulator.choices import label
from regbridge_dynamics.simulator.columns import Column, Required
from regbridge_dynamics.simulator.elements import Element
from regbridge_dynamics.simulator.rights import privilege_id, privileges_of
from regbridge_dynamics.simulator.schema import Key, Schema, Table

BASE_ATTRIBUTE = "AttributeMetadata"

_NAMES = uuid.UUID("2b6a0d0e-55a2-4f1c-8e5e-9a1f7c3d2b10")
_EXPANDED = ("OptionSet", "GlobalOptionSet")
_OPTION_SETS = {"Boolean": "BooleanOptionSetMetadata"}


def entity(schema: Schema, table: Table) -> Element:
    """Return a table's definition; columns, keys and relationships come when expanded."""
    values = {
        "MetadataId": metadata_id(table.name),
        "LogicalName": table.name,
        "SchemaName": table.type_name,
        "EntitySetName": table.entity_set,
        "LogicalCollectionName": table.entity_set,
        "CollectionSchemaName": f"{table.type_name}s",
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "DisplayName": label(table.display or table.type_name),
        "DisplayCollectionName": label(f"{table.display or table.type_name}s"),
        "IsOptimisticConcurrencyEnabled": True,
        "IsPrivate": False,
        "IsActivity": False,
        "IsCustomEntity": "_" in table.name,
        "OwnershipType": "UserOwned",
        "TableType": "Standard",
        "Privileges": [_privilege(name) for name in privileges_of(table)],
    }
    parts = {
        "Attributes": attributes(table),
        "Keys": keys(table),
        "ManyToOneRelationships": relationships(schema, table),
    }
    return Element("EntityMetadata", values, "EntityMetadata", parts=parts)


def attributes(table: Table, cast: str = "") -> tuple[Element, ...]:
    """Return the columns; with a `cast` those of that type, with all that the type has."""
    return tuple(
        _attribute(table, column, cast)
        for column in table.all_columns
        if cast in ("", BASE_ATTRIBUTE, column.metadata_type)
    )


def keys(table: Table) -> tuple[Element, ...]:
    """Return the alternate keys, whatever the state of their index."""
    return tuple(_key(table, key) for key in table.keys)


def relationships(schema: Schema, table: Table) -> tuple[Element, ...]:
    """Return what the lookups refer to, each with its navigation property."""
    return tuple(
        _relationship(schema, table, column.name, target, navigation)
        for navigation, (column, target) in table.navigation.items()
    )


def metadata_id(*path: str) -> str:
    """Return the id of a piece of metadata, always the same one."""
    return str(uuid.uuid5(_NAMES, "/".join(path)))


def _attribute(table: Table, column: Column, cast: str) -> Element:
    base: dict[str, Any] = {
        "MetadataId": metadata_id(table.name, column.name),
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "EntityLogicalName": table.name,
        "AttributeType": column.attribute_type,
        "AttributeTypeName": {"Value": column.type_name},
        "AttributeOf": None,
        "DisplayName": label(column.display or column.schema_name),
        "RequiredLevel": {
            "Value": column.required.value,
            "CanBeChanged": column.required is not Required.SYSTEM,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": column.read,
        "IsPrimaryId": column.name == table.primary_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": "_" in column.name,
        "IsSecured": column.secured,
    }
    details = column.details()
    values = {name: value for name, value in details.items() if name not in _EXPANDED}
    parts: dict[str, Element | None] = {}
    if cast == column.metadata_type:
        parts = {
            name: _option_set(column, value) for name, value in details.items() if name in _EXPANDED
        }
    declared = cast or BASE_ATTRIBUTE
    return Element(column.metadata_type, base | values, declared, frozenset(base), parts)


def _option_set(column: Column, values: dict[str, Any] | None) -> Element | None:
    if values is None:
        return None
    name = _OPTION_SETS.get(column.attribute_type, "OptionSetMetadata")
    return Element(name, {"MetadataId": metadata_id("set", column.name), **values}, name)


def _key(table: Table, key: Key) -> Element:
    values = {
        "MetadataId": metadata_id(table.name, "key", key.name),
        "LogicalName": key.name,
        "SchemaName": key.name,
        "EntityLogicalName": table.name,
        "DisplayName": label(key.name),
        "KeyAttributes": list(key.columns),
        "EntityKeyIndexStatus": key.status.value,
    }
    return Element("EntityKeyMetadata", values, "EntityKeyMetadata")


def _relationship(
    schema: Schema, table: Table, column: str, target: str, navigation: str
) -> Element:
    name = f"{table.name}_{navigation}"
    values = {
        "MetadataId": metadata_id(table.name, "relationship", name),
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencingEntity": table.name,
        "ReferencingAttribute": column,
        "ReferencingEntityNavigationPropertyName": navigation,
        "ReferencedEntity": target,
        "ReferencedAttribute": schema.table(target).primary_id,
        "ReferencedEntityNavigationPropertyName": name,
    }
    return Element("OneToManyRelationshipMetadata", values, "OneToManyRelationshipMetadata")


def _privilege(name: str) -> dict[str, Any]:
    kinds = ("AppendTo", "Append", "Create", "Read", "Write", "Delete")
    kind = next(kind for kind in kinds if name.startswith(f"prv{kind}"))
    return {"Name": name, "PrivilegeId": privilege_id(name), "PrivilegeType": kind}
