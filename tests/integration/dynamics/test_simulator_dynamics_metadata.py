"""What the simulated Dataverse says about its tables, columns, keys and privileges."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamics.web_client import WebClient, code_of

from regbridge_dynamics.simulator import DataverseSimulator

TABLE = "EntityDefinitions(LogicalName='new_registrationstaging')"
CAST = "Microsoft.Dynamics.CRM."


def columns(client: WebClient, path: str) -> dict[str, Any]:
    answer = client.get(f"{TABLE}/{path}")
    assert answer.status_code == 200
    return {one["LogicalName"]: one for one in answer.json()["value"]}


def typed(client: WebClient, kind: str, query: str) -> dict[str, Any]:
    return columns(client, f"Attributes/{CAST}{kind}AttributeMetadata?{query}")


def test_who_am_i_names_the_application_user(client: WebClient) -> None:
    answer = client.get("WhoAmI")
    assert set(answer.json()) >= {"UserId", "BusinessUnitId", "OrganizationId"}
    assert answer.headers["x-ms-dop-hint"] == "52"
    assert answer.headers["x-ms-service-request-id"] == answer.headers["REQ_ID"]


def test_a_table_tells_its_set_and_its_columns_for_id_and_name(client: WebClient) -> None:
    query = "$select=EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,SchemaName"
    shown = client.get(f"{TABLE}?{query}").json()
    shown.pop("@odata.context")
    shown.pop("MetadataId")
    assert shown == {
        "EntitySetName": "new_registrationstagings",
        "PrimaryIdAttribute": "new_registrationstagingid",
        "PrimaryNameAttribute": "new_name",
        "SchemaName": "new_RegistrationStaging",
    }


def test_a_table_is_found_by_its_metadata_id_and_by_a_filter(client: WebClient) -> None:
    [by_filter] = client.get("EntityDefinitions?$filter=LogicalName eq 'contact'").json()["value"]
    by_id = client.get(f"EntityDefinitions({by_filter['MetadataId']})").json()
    assert by_id["EntitySetName"] == "contacts"
    found = client.get(f"EntityDefinitions?$filter=MetadataId eq {by_filter['MetadataId']}")
    assert len(found.json()["value"]) == 1
    query = "$filter=IsPrivate eq false and not (LogicalName eq 'contact')&$select=LogicalName"
    rest = client.get(f"EntityDefinitions?{query}").json()["value"]
    assert {one["LogicalName"] for one in rest} == {
        "account",
        "new_eventregistration",
        "new_registrationstaging",
    }


def test_keys_relationships_and_columns_come_when_they_are_expanded(client: WebClient) -> None:
    expand = (
        "Keys($select=KeyAttributes,EntityKeyIndexStatus),"
        "ManyToOneRelationships($select=ReferencingAttribute),"
        "Attributes($select=LogicalName;$filter=LogicalName eq 'new_name')"
    )
    shown = client.get(f"{TABLE}?$select=LogicalName&$expand={expand}").json()
    [key] = shown["Keys"]
    assert key["KeyAttributes"] == ["new_inviteeid", "new_eventid"]
    assert key["EntityKeyIndexStatus"] == "Active"
    assert [one["ReferencingAttribute"] for one in shown["ManyToOneRelationships"]] == [
        "new_contact"
    ]
    assert [one["LogicalName"] for one in shown["Attributes"]] == ["new_name"]


def test_a_relationship_tells_the_navigation_property(client: WebClient) -> None:
    [shown] = client.get(f"{TABLE}/ManyToOneRelationships").json()["value"]
    assert shown["ReferencingEntityNavigationPropertyName"] == "new_Contact"
    assert (shown["ReferencedEntity"], shown["ReferencedAttribute"]) == ("contact", "contactid")


def test_every_column_tells_its_type_and_where_it_may_be_written(client: WebClient) -> None:
    query = "$select=LogicalName,AttributeType,AttributeTypeName,IsValidForCreate,IsValidForUpdate"
    found = columns(client, f"Attributes?{query},RequiredLevel")
    assert {name: one["AttributeType"] for name, one in found.items()} == {
        "new_registrationstagingid": "Uniqueidentifier",
        "new_name": "String",
        "new_inviteeid": "String",
        "new_eventid": "String",
        "new_firstname": "String",
        "new_lastname": "String",
        "new_email": "String",
        "new_answers": "Memo",
        "new_guests": "Integer",
        "new_sourceversion": "BigInt",
        "new_discount": "Decimal",
        "new_score": "Double",
        "new_amountpaid": "Money",
        "new_ismember": "Boolean",
        "new_registeredon": "DateTime",
        "new_eventday": "DateTime",
        "new_doorsopen": "DateTime",
        "new_registrationstatus": "Picklist",
        "new_interests": "Virtual",
        "new_batchid": "Uniqueidentifier",
        "new_contact": "Lookup",
        "statecode": "State",
        "statuscode": "Status",
        "createdon": "DateTime",
        "modifiedon": "DateTime",
        "versionnumber": "BigInt",
    }
    assert found["new_interests"]["AttributeTypeName"]["Value"] == "MultiSelectPicklistType"
    assert found["new_inviteeid"]["RequiredLevel"]["Value"] == "SystemRequired"
    assert not found["createdon"]["IsValidForCreate"]
    assert not found["new_registrationstagingid"]["IsValidForUpdate"]
    assert found["new_name"]["@odata.type"] == f"#{CAST}StringAttributeMetadata"


def test_lengths_ranges_behaviours_and_targets_need_a_cast(client: WebClient) -> None:
    assert typed(client, "String", "$select=MaxLength,LogicalName")["new_name"]["MaxLength"] == 100
    assert typed(client, "Memo", "$select=MaxLength,LogicalName")["new_answers"]["MaxLength"]
    guests = typed(client, "Integer", "$select=LogicalName,MinValue,MaxValue")["new_guests"]
    assert (guests["MinValue"], guests["MaxValue"]) == (0, 100)
    assert typed(client, "BigInt", "")["new_sourceversion"]["MaxValue"] == 2**63 - 1
    assert typed(client, "Decimal", "")["new_discount"]["Precision"] == 2
    assert typed(client, "Double", "")["new_score"]["Precision"] == 5
    assert typed(client, "Money", "")["new_amountpaid"]["PrecisionSource"] == 0
    days = typed(client, "DateTime", "$select=LogicalName,DateTimeBehavior,Format")
    assert days["new_eventday"]["DateTimeBehavior"] == {"Value": "DateOnly"}
    assert days["new_eventday"]["Format"] == "DateOnly"
    assert days["new_doorsopen"]["DateTimeBehavior"] == {"Value": "TimeZoneIndependent"}
    lookups = typed(client, "Lookup", "$select=LogicalName,Targets")
    assert lookups["new_contact"]["Targets"] == ["contact"]


@pytest.mark.parametrize(
    ("kind", "column", "labels"),
    [
        (
            "Picklist",
            "new_registrationstatus",
            {100000000: "Accepted", 100000001: "Cancelled", 100000002: "Waitlisted"},
        ),
        (
            "MultiSelectPicklist",
            "new_interests",
            {717700000: "Keynotes", 717700001: "Workshops", 717700002: "Dinner"},
        ),
        ("State", "statecode", {0: "Active", 1: "Inactive"}),
        ("Status", "statuscode", {1: "New", 100000001: "Processed", 2: "Withdrawn"}),
    ],
)
def test_options_and_labels_come_with_the_expanded_option_set(
    client: WebClient, kind: str, column: str, labels: dict[int, str]
) -> None:
    query = "$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet($select=Name)"
    options = typed(client, kind, query)[column]["OptionSet"]["Options"]
    assert {one["Value"]: one["Label"]["UserLocalizedLabel"]["Label"] for one in options} == labels
    if kind == "Status":
        assert [one["State"] for one in options] == [0, 0, 1]


def test_a_global_option_set_has_its_own_name(client: WebClient) -> None:
    found = typed(client, "Picklist", "$expand=OptionSet,GlobalOptionSet")
    shown = found["new_registrationstatus"]
    assert shown["OptionSet"]["IsGlobal"]
    assert shown["GlobalOptionSet"]["Name"] == "new_registrationstatuses"
    local = typed(client, "MultiSelectPicklist", "$expand=GlobalOptionSet")["new_interests"]
    assert local["GlobalOptionSet"] is None


def test_yes_and_no_have_labels(client: WebClient) -> None:
    shown = typed(client, "Boolean", "$expand=OptionSet")["new_ismember"]
    assert shown["OptionSet"]["TrueOption"]["Label"]["UserLocalizedLabel"]["Label"] == "Yes"


def test_one_column_is_found_by_its_name(client: WebClient) -> None:
    path = f"{TABLE}/Attributes(LogicalName='new_name')"
    shown = client.get(f"{path}?$select=SchemaName").json()
    assert shown["SchemaName"] == "new_Name"
    cast = client.get(f"{path}/{CAST}StringAttributeMetadata?$select=MaxLength").json()
    assert cast["MaxLength"] == 100
    assert client.get(f"{path}/{CAST}MemoAttributeMetadata").status_code == 404


def test_enumerations_are_filtered_with_their_type(client: WebClient) -> None:
    level = f"RequiredLevel/Value eq {CAST}AttributeRequiredLevel'ApplicationRequired'"
    assert list(columns(client, f"Attributes?$filter={level}")) == ["new_lastname"]
    kind = f"AttributeType eq {CAST}AttributeTypeCode'Money'"
    assert list(columns(client, f"Attributes?$filter={kind}")) == ["new_amountpaid"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("EntityDefinitions(LogicalName='nothing')", 404, "0x80060888"),
        ("EntityDefinitions(SchemaName='Contact')", 400, "0x80060888"),
        ("EntityDefinitions/Attributes", 404, "0x8006088a"),
        ("EntityDefinitions?$select=Nothing", 400, "0x80060888"),
        ("EntityDefinitions?$expand=Nothing", 400, "0x80060888"),
        ("EntityDefinitions?$expand=Keys(", 400, "0x80060888"),
        ("EntityDefinitions?$top=1", 400, "0x80060888"),
        ("EntityDefinitions?$filter=Nothing eq 'x'", 400, "0x80060888"),
        ("EntityDefinitions?$filter=startswith(LogicalName,'new_')", 501, "0x8006088a"),
        ("EntityDefinitions?$filter=LogicalName gt 'new_'", 501, ""),
        ("EntityDefinitions?$filter=IsPrivate eq 'false'", 400, "0x80060888"),
        (f"{TABLE}?$filter=IsPrivate eq false", 400, "0x80060888"),
        (f"{TABLE}/Attributes?$select=MaxLength", 400, "0x80060888"),
        (f"{TABLE}/Attributes?$expand=OptionSet", 400, "0x80060888"),
        (f"{TABLE}/Attributes?$filter=AttributeType eq 'String'", 400, "0x80060888"),
        (f"{TABLE}/Attributes(LogicalName='nothing')", 404, "0x80060888"),
        (f"{TABLE}/Attributes/StringAttributeMetadata", 404, "0x8006088a"),
        (f"{TABLE}/Attributes/{CAST}Picklist", 404, "0x8006088a"),
        (f"{TABLE}/Keys/x", 404, "0x8006088a"),
        (f"{TABLE}/Columns", 404, "0x8006088a"),
    ],
)
def test_a_question_about_metadata_that_dataverse_refuses_is_refused(
    client: WebClient, path: str, status: int, code: str
) -> None:
    assert code_of(client.get(path)) == (status, code)


@pytest.mark.parametrize(
    ("table", "message", "found"),
    [
        ("new_registrationstaging", "CreateMultiple", 1),
        ("new_registrationstaging", "UpdateMultiple", 1),
        ("new_registrationstaging", "UpsertMultiple", 0),
        ("contact", "CreateMultiple", 0),
        ("contact", "Create", 1),
        ("nothing", "Create", 0),
    ],
)
def test_the_message_filters_tell_which_tables_take_bulk_operations(
    client: WebClient, table: str, message: str, found: int
) -> None:
    query = (
        "$select=sdkmessagefilterid&$filter=sdkmessageid/name eq @message and "
        f"primaryobjecttypecode eq @table&@message='{message}'&@table='{table}'"
    )
    answer = client.get(f"sdkmessagefilters?{query}")
    assert len(answer.json()["value"]) == found


def test_an_alias_without_a_value_is_refused(client: WebClient) -> None:
    query = "$filter=primaryobjecttypecode eq @table"
    assert client.get(f"sdkmessagefilters?{query}").status_code == 400


def test_privileges_of_the_user_can_be_compared_with_those_of_a_table(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    simulator.denied.add("prvWriteContact")
    user = client.get("WhoAmI").json()["UserId"]
    held = client.get(f"systemusers({user})/{CAST}RetrieveUserPrivileges").json()
    ids = {one["PrivilegeId"] for one in held["RolePrivileges"]}
    table = client.get("EntityDefinitions(LogicalName='contact')?$select=Privileges").json()
    missing = [one["Name"] for one in table["Privileges"] if one["PrivilegeId"] not in ids]
    assert missing == ["prvWriteContact"]
    assert {one["PrivilegeType"] for one in table["Privileges"]} == {
        "Create",
        "Read",
        "Write",
        "Delete",
        "Append",
        "AppendTo",
    }
    assert client.get(f"systemusers({user})").status_code == 404
