"""Microsoft's own client works with the simulated Dataverse (needs the extra `crosscheck`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.tls_front import TlsFront

from regbridge_dynamics.simulator import TENANT, Application, DataverseSimulator

# Not ours to mend: what the client and pandas, which it drags in, warn of.
pytestmark = pytest.mark.filterwarnings("default")

client_module = pytest.importorskip("PowerPlatform.Dataverse.client")
upsert_module = pytest.importorskip("PowerPlatform.Dataverse.models.upsert")
errors_module = pytest.importorskip("PowerPlatform.Dataverse.core.errors")
identity_module = pytest.importorskip("azure.identity")

TABLE = "new_registrationstaging"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[TlsFront]:
    found = TlsFront(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def secured(front: TlsFront) -> Iterator[DataverseSimulator]:
    simulator = DataverseSimulator(url=front.url)
    front.start(simulator.start())
    yield simulator
    simulator.stop()


@pytest.fixture
def theirs(
    front: TlsFront, secured: DataverseSimulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Return Microsoft's client, with a credential of Microsoft's."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(front.ca_file))
    credential = identity_module.ClientSecretCredential(
        TENANT,
        Application().client_id,
        Application().secret,
        authority=front.url.removeprefix("https://"),
        disable_instance_discovery=True,
        connection_verify=str(front.ca_file),
    )
    with client_module.DataverseClient(secured.url, credential) as client, credential:
        yield client


def item(invitee: str, **record: Any) -> Any:
    key = {"new_inviteeid": invitee, "new_eventid": "E"}
    return upsert_module.UpsertItem(alternate_key=key, record=record)


def names(simulator: DataverseSimulator) -> dict[object, object]:
    return {one["new_inviteeid"]: one["new_name"] for one in simulator.tables[TABLE]}


def test_it_finds_table_columns_and_keys(theirs: Any) -> None:
    assert theirs.tables.get(TABLE).entity_set_name == "new_registrationstagings"
    [key] = theirs.tables.get_alternate_keys(TABLE)
    assert (key.key_attributes, key.status) == (["new_inviteeid", "new_eventid"], "Active")
    assert len(theirs.tables.list_columns(TABLE)) == 26
    assert len(theirs.tables.list()) == 4


def test_it_upserts_one_and_many(secured: DataverseSimulator, theirs: Any) -> None:
    theirs.records.upsert(TABLE, [item("A", new_name="a")])
    theirs.records.upsert(TABLE, [item("A", new_name="b"), item("B", new_name="b")])
    theirs.records.upsert(TABLE, [item("A", new_name="c"), item("B", new_name="c")])
    assert names(secured) == {"A": "c", "B": "c"}
    assert secured.calls.by_operation["upsert"] == 1
    assert secured.calls.by_operation["UpsertMultiple"] == 2


def test_it_turns_labels_into_options(secured: DataverseSimulator, theirs: Any) -> None:
    theirs.records.upsert(TABLE, [item("A", new_registrationstatus="cancelled")])
    assert secured.tables[TABLE][0]["new_registrationstatus"] == 100000001


def test_it_reports_what_is_refused(secured: DataverseSimulator, theirs: Any) -> None:
    with pytest.raises(errors_module.HttpError) as caught:
        theirs.records.upsert(TABLE, [item("A"), item("B", new_guests=101)])
    assert caught.value.details["service_error_code"] == "0x8004432f"
    assert secured.tables[TABLE] == []


def test_it_creates_updates_reads_and_removes(secured: DataverseSimulator, theirs: Any) -> None:
    bodies = [{"new_inviteeid": one, "new_eventid": "E", "new_name": one} for one in "ABC"]
    first = theirs.records.create(TABLE, bodies[0])
    others = theirs.records.create(TABLE, bodies[1:])
    theirs.records.update(TABLE, first, {"new_name": "x"})
    theirs.records.update(TABLE, others, [{"new_name": "y"}, {"new_name": "z"}])
    assert names(secured) == {"A": "x", "B": "y", "C": "z"}
    assert theirs.records.retrieve(TABLE, first, select=["new_name"])["new_name"] == "x"
    found = theirs.records.list(TABLE, filter="new_eventid eq 'E'", page_size=2)
    assert len(list(found)) == 3
    theirs.records.delete(TABLE, first)
    assert names(secured) == {"B": "y", "C": "z"}


def fill(batch: Any) -> None:
    batch.records.upsert(TABLE, [item("A", new_name="a")])
    batch.records.create(TABLE, {"new_inviteeid": "B", "new_eventid": "E", "new_name": "x" * 101})
    batch.records.upsert(TABLE, [item("C", new_name="c"), item("D", new_name="d")])
    batch.records.list(TABLE, filter="new_eventid eq 'E'", select=["new_name"])


def test_its_batches_go_on_after_an_error(secured: DataverseSimulator, theirs: Any) -> None:
    batch = theirs.batch.new()
    fill(batch)
    answers = batch.execute(continue_on_error=True).responses
    assert [one.status_code for one in answers] == [204, 400, 204, 200]
    assert answers[1].error_code == "0x80044331"
    assert len(answers[3].data["value"]) == 3
    assert sorted(map(str, names(secured))) == ["A", "C", "D"]


def test_its_batches_stop_at_an_error(secured: DataverseSimulator, theirs: Any) -> None:
    batch = theirs.batch.new()
    fill(batch)
    answers = batch.execute().responses
    assert [one.error_code for one in answers] == ["0x80044331"]
    assert list(names(secured)) == ["A"]


def test_its_change_sets_refer_to_what_they_make(secured: DataverseSimulator, theirs: Any) -> None:
    batch = theirs.batch.new()
    with batch.changeset() as changes:
        contact = changes.records.create("contact", {"lastname": "L"})
        changes.records.update("contact", contact, {"firstname": "F"})
        body = {"new_inviteeid": "A", "new_eventid": "E", "new_Contact@odata.bind": contact}
        changes.records.create(TABLE, body)
    answers = batch.execute().responses
    assert [(one.status_code, one.content_id) for one in answers] == [
        (204, "1"),
        (204, "2"),
        (204, "3"),
    ]
    [made], [record] = secured.tables["contact"], secured.tables[TABLE]
    assert (made["firstname"], record["new_contact"]) == ("F", made["contactid"])
