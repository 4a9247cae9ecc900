"""How the simulated Dataverse takes alternate keys, and what it cannot take in one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.integration.dynamics.web_client import STAGING, WebClient, code_of, key, target

from regbridge_dynamics.simulator import (
    ChoiceColumn,
    DataverseSimulator,
    DecimalColumn,
    IntegerColumn,
    Key,
    KeyStatus,
    LookupColumn,
    Option,
    Schema,
    StringColumn,
    Table,
)

MISSING = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize("character", "/<>*%&:\\?+#")
def test_a_key_value_with_a_character_that_dataverse_cannot_take_is_refused(
    client: WebClient, character: str
) -> None:
    encoded = key("@@").replace("@@", quote(f"a{character}b", safe=""))
    assert client.patch(encoded, {}).status_code == 400
    assert client.get(encoded).status_code == 400
    assert client.bulk("UpsertMultiple", [target(f"a{character}b")]).status_code == 400


@pytest.mark.parametrize("text", ["O''Brien", "ä b", "a(b)", "a,b=c", "x" * 36, "$1", "@a", "{1}"])
def test_any_other_key_value_is_found_again(
    simulator: DataverseSimulator, client: WebClient, text: str
) -> None:
    address = key("@@").replace("@@", quote(text, safe=""))
    assert client.patch(address, {}).status_code == 204
    assert client.bulk("UpsertMultiple", [target(text, new_name="x")]).status_code == 204
    [record] = simulator.tables["new_registrationstaging"]
    assert record["new_inviteeid"] == text.replace("''", "'")
    assert record["new_name"] == "x"


@pytest.mark.parametrize(
    "wrong",
    [
        "new_inviteeid='A'",
        "new_inviteeid='A',new_eventid='E',new_name='x'",
        "new_email='x'",
        "new_nothing='x'",
        "new_inviteeid='A',new_inviteeid='A',new_eventid='E'",
        "New_InviteeId='A',new_eventid='E'",
        "new_inviteeid=A,new_eventid='E'",
        "new_inviteeid='A' new_eventid='E'",
        "new_inviteeid='A',",
        "new_inviteeid='',new_eventid='E'",
        "new_inviteeid='A,new_eventid='E'",
        "'A'",
        "7",
        "",
    ],
)
def test_what_is_no_key_of_the_table_is_refused(client: WebClient, wrong: str) -> None:
    assert code_of(client.patch(f"{STAGING}({wrong})", {})) == (400, "0x80060888")


def test_a_key_that_is_cut_at_a_question_mark_is_refused(client: WebClient) -> None:
    assert client.get(f"{STAGING}(new_inviteeid='a?b',new_eventid='E')").status_code == 400


def test_a_path_that_is_not_utf_8_is_refused(client: WebClient) -> None:
    assert client.get(f"{STAGING}(new_inviteeid='%ff',new_eventid='E')").status_code == 400


def test_a_record_is_addressed_by_the_name_of_its_id_too(client: WebClient) -> None:
    made = client.post(STAGING, {"new_inviteeid": "A", "new_eventid": "E"})
    found = made.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")
    assert client.get(f"{STAGING}(new_registrationstagingid={found})").status_code == 200


@pytest.mark.parametrize("other", ["ABC", "àbç", "a\u0300bc"])
def test_keys_that_differ_in_capitals_or_accents_are_the_same(
    simulator: DataverseSimulator, client: WebClient, other: str
) -> None:
    client.patch(key("abc"), {"new_name": "first"})
    client.patch(key(other), {"new_name": "second"})
    [record] = simulator.tables["new_registrationstaging"]
    assert (record["new_inviteeid"], record["new_name"]) == ("abc", "second")


def test_a_second_record_with_the_same_key_is_refused(client: WebClient) -> None:
    body = {"new_inviteeid": "A", "new_eventid": "E-1"}
    assert client.post(STAGING, body).status_code == 204
    assert code_of(client.post(STAGING, body)) == (412, "0x80060892")
    client.patch(key("B"), {})
    moved = client.get(f"{key('B')}?$select=new_name").json()["new_registrationstagingid"]
    answer = client.patch(f"{STAGING}({moved})", {"new_inviteeid": "A"})
    assert code_of(answer) == (412, "0x80060892")


def test_a_key_with_an_empty_column_binds_nobody(client: WebClient) -> None:
    for _ in range(2):
        assert client.post("contacts", {"lastname": "x"}).status_code == 204


@pytest.fixture
def typed() -> Iterator[WebClient]:
    schema = Schema(
        Table(
            name="new_thing",
            entity_set="new_things",
            primary_name="new_text",
            keys=(
                Key("new_numbers", ("new_whole", "new_part")),
                Key("new_references", ("new_choice", "new_other")),
            ),
            columns=(
                StringColumn(name="new_text"),
                IntegerColumn(name="new_whole"),
                DecimalColumn(name="new_part"),
                ChoiceColumn(name="new_choice", options=(Option(1, "One"),)),
                LookupColumn(name="new_other", targets={"new_thing": "new_Other"}),
            ),
        )
    )
    with DataverseSimulator(schema) as simulator:
        yield WebClient(simulator)


def test_numbers_stand_in_a_key_without_quotes(typed: WebClient) -> None:
    assert typed.patch("new_things(new_whole=-7,new_part=1.5)", {}).status_code == 204
    assert typed.get("new_things(new_whole=-7,new_part=1.50)").status_code == 200
    assert typed.get("new_things(new_whole='-7',new_part=1.5)").status_code == 400
    assert typed.get("new_things(new_whole=7.0,new_part=1.5)").status_code == 400


def test_a_lookup_stands_in_a_key_by_the_property_of_its_value(typed: WebClient) -> None:
    made = typed.post("new_things", {"new_text": "x"}).headers["OData-EntityId"]
    other = made.rpartition("(")[2].rstrip(")")
    address = f"new_things(new_choice=1,_new_other_value={other})"
    assert typed.patch(address, {"new_text": "child"}).status_code == 204
    assert typed.get(address).json()["new_text"] == "child"
    for name in ("new_other", "new_Other"):
        assert typed.get(f"new_things(new_choice=1,{name}={other})").status_code == 400


@pytest.mark.parametrize("status", [one for one in KeyStatus if one is not KeyStatus.ACTIVE])
def test_a_key_whose_index_is_not_active_cannot_be_used(status: KeyStatus) -> None:
    table = Table(
        name="new_thing",
        entity_set="new_things",
        primary_name="new_text",
        keys=(Key("new_key", ("new_text",), status),),
        columns=(StringColumn(name="new_text"),),
    )
    with DataverseSimulator(Schema(table)) as simulator:
        client = WebClient(simulator)
        assert code_of(client.patch("new_things(new_text='x')", {})) == (400, "0x80060888")
        shown = client.get("EntityDefinitions(LogicalName='new_thing')/Keys").json()["value"]
        assert [one["EntityKeyIndexStatus"] for one in shown] == [status.value]


def test_a_record_that_is_not_there_is_not_found(client: WebClient) -> None:
    assert code_of(client.get(key("A"))) == (404, "0x80060891")
    assert code_of(client.get(f"{STAGING}({MISSING})")) == (404, "0x80040217")
