"""Many callers of the simulated Dataverse at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.integration.dynamics.web_client import WebClient, target

from regbridge_dynamics.simulator import DataverseSimulator, Latency


def test_upserts_of_the_same_keys_at_the_same_time_make_each_record_once(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    def upsert(caller: int) -> int:
        targets = [target(str(number), new_name=str(caller)) for number in range(50)]
        return client.bulk("UpsertMultiple", targets).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(upsert, range(16))) == {204}
    records = simulator.tables["new_registrationstaging"]
    assert len({one["new_inviteeid"] for one in records}) == len(records) == 50
    assert len({one["new_name"] for one in records}) == 1
    assert simulator.calls.records_written == 16 * 50
    assert 1 < simulator.calls.most_at_once <= 8


def test_callers_at_the_same_time_wait_at_the_same_time() -> None:
    slept: list[float] = []
    with DataverseSimulator(latency=Latency(call=0.01), sleep=slept.append) as simulator:
        client = WebClient(simulator)
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(lambda _: client.get("WhoAmI"), range(20))
            assert [one.status_code for one in answers] == [200] * 20
    assert 0 < len(slept) <= 20
    assert all(0 < one <= 0.01 for one in slept)
