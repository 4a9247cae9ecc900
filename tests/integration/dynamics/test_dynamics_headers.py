"""What is sent with every call, and what only settings add."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from structlog.testing import capture_logs
from tests.integration.dynamics.delivery import changed_schema, kinds, make_plugin, staging

from regbridge import CredentialsError, Record
from regbridge.correlation import working_on
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.simulator import DataverseSimulator, Limits

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
ALL = {
    "bypass_logic": ["sync"],
    "bypass_steps": [GUID],
    "detect_duplicates": True,
    "caller_object_id": GUID,
    "tag": "cvent",
}
SENT = {
    "mscrm.bypassbusinesslogicexecution=CustomSync",
    f"mscrm.bypassbusinesslogicexecutionstepids={GUID}",
    "mscrm.suppressduplicatedetection=false",
    f"callerobjectid={GUID}",
    "tag=cvent",
}
Make = Callable[..., Dynamics]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Dynamics] = []

    def build(simulator: DataverseSimulator, **changes: Any) -> Dynamics:
        made.append(make_plugin(simulator, tmp_path, **changes))
        return made[-1]

    yield build
    for plugin in made:
        plugin.close()


def test_nothing_optional_is_sent_unless_the_settings_say_so(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    plugin.deliver_records([staging(1)])
    plugin.deliver_records([staging(1), staging(2)])
    assert dict(simulator.calls.options) == {}


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize("many", [1, 3])
def test_optional_headers_go_with_every_way_to_write(make: Make, bulk: bool, many: int) -> None:
    schema = changed_schema("new_registrationstaging", bulk=bulk)
    with DataverseSimulator(schema) as simulator:
        simulator.denied.clear()
        outcomes = make(simulator, headers=ALL).deliver_records([staging(n) for n in range(many)])
        assert kinds(outcomes) == ["created"] * many
        assert {name for name, count in simulator.calls.options.items() if count} == SENT


def test_a_header_that_needs_a_privilege_pauses_the_target(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator, headers={"bypass_logic": ["sync", "async"]})
    for many in (1, 3):
        with pytest.raises(CredentialsError, match="prvBypassCustomBusinessLogic"):
            plugin.deliver_records([staging(n) for n in range(many)])


def test_duplicate_rules_refuse_only_when_they_are_asked_for(
    simulator: DataverseSimulator, make: Make
) -> None:
    keyed = {"table": "contact", "key": "new_cventcontactid"}
    fields = {"lastname": "Lovelace", "emailaddress1": "ada@example.org"}
    simulator.add("contact", {"new_cventcontactid": "C-0", **fields})
    contact = Record({"new_cventcontactid": "C-1", **fields})
    detecting = make(simulator, **keyed, headers={"detect_duplicates": True})
    [strict] = detecting.deliver_records([contact])
    assert strict.kind == "rejected"
    assert "a duplicate rule finds a record like it" in strict.reason
    [usual] = make(simulator, **keyed).deliver_records([contact])
    assert usual.kind == "created"


def test_every_call_has_an_id_and_names_its_batch(
    simulator: DataverseSimulator, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Mapping[str, str]] = []
    request = requests.Session.request

    def note(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        if "/api/data/" in url:
            sent.append(options["headers"])
        return request(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", note)
    plugin = make(simulator)
    batch = "6d1fbe1c-6a0e-4c55-9b0f-0d3f8a3f1a51"
    with capture_logs() as logs, working_on(batch, [12, 13]):
        plugin.deliver_records([staging(1), staging(2)])

    calls = [line for line in logs if line.get("service") == "Dataverse"]
    assert [each["x-ms-client-request-id"] for each in sent] == [line["call"] for line in calls]
    assert {each["x-ms-correlation-id"] for each in sent} == {batch}
    assert all(line["their_call"] for line in calls)
    assert all(line["path"].startswith("/api/data/v9.2/") for line in calls)
    assert calls


def test_no_call_is_bound_to_one_server(make: Make) -> None:
    with DataverseSimulator(limits=Limits(servers=3)) as simulator:
        plugin = make(simulator)
        for number in range(5):
            plugin.deliver_records([staging(number)])
        assert simulator.calls.with_affinity_cookie == 0
