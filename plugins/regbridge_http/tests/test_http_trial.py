"""Messages go through a whole client: a webhook of Cvent's in, signed JSON out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from regbridge.testing.payloads import EVENT, live, message, registrant
from regbridge.testing.server import LocalServer
from regbridge.testing.trial import Trial
from regbridge_http.deliver import Http
from regbridge_http.signing import new_secret
from regbridge_http.simulator import FLAVOURS, Receiver, Reply
from regbridge_http.simulator.reply import DROP_AFTER

EXAMPLE = Path(__file__).parents[1] / "configs"
SYNCED = "AttendeeManualSynced"
SECRET = new_secret()
TIME = "2026-11-24T10:00:00.250Z"


class Two:
    """The example client with both its receivers."""

    def __init__(self, trial: Trial, hook: Receiver, flow: Receiver) -> None:
        self.trial = trial
        self.hook = hook
        self.flow = flow

    def states(self, target: str) -> list[str]:
        return [delivery.state for delivery in self.trial.deliveries(target)]


@pytest.fixture
def two() -> Iterator[Two]:
    hook, flow = Receiver(FLAVOURS["standard"], [SECRET]), Receiver(FLAVOURS["power-automate"])
    with (
        LocalServer(hook) as hook_server,
        LocalServer(flow) as flow_server,
        Trial(
            EXAMPLE / "clients" / "members.yaml",
            plugins={"http": Http},
            environ=_environment(hook_server.url + hook.address, flow_server.url + flow.address),
        ) as trial,
    ):
        yield Two(trial, hook, flow)


def _environment(hook: str, flow: str) -> Mapping[str, str]:
    return {
        "MEMBERS_CVENT_TOKEN": "a-token-of-the-example-2718",
        "MEMBERS_HOOK_URL": hook,
        "MEMBERS_HOOK_SECRET": SECRET,
        "MEMBERS_FLOW_URL": flow,
    }


def test_a_registration_arrives_at_both_receivers(two: Two) -> None:
    rory = registrant(1, firstName="Rory", email="rory@example.com")
    two.trial.send(live("InviteeOrGuestAccepted", rory, TIME))
    two.trial.settle()

    [hook], [run] = two.hook.messages, two.flow.messages
    content = Webhook(SECRET).verify(hook.body, dict(hook.headers))
    assert content["timestamp"] == TIME
    assert content["data"]["FirstName"] == "Rory"
    assert content["context"]["client"] == "members"
    assert content["context"]["target"] == "membership"
    assert content["context"]["event"] == EVENT.lower()
    assert content["context"]["registrant"].endswith(rory["inviteeStub"].lower())
    assert run.content["data"] == content["data"]
    assert "webhook-signature" not in run.headers
    [hooked] = two.trial.deliveries("membership")
    [ran] = two.trial.deliveries("welcome")
    assert (hooked.external_id, ran.external_id) == ("R-1", run.id)


def test_a_sync_arrives_whole_and_only_what_changed_is_sent_again(two: Two) -> None:
    people = [registrant(number) for number in range(1, 21)]
    two.trial.send(message(SYNCED, people))
    two.trial.settle()
    assert len(two.hook.messages) == 20
    assert two.trial.states() == {"delivered": 20}

    changed = {**people[4], "lastName": "Wamle-Jones"}
    two.trial.send(live("InviteeOrGuestModified", changed, "2030-01-01T10:00:00.000Z"))
    two.trial.send(message(SYNCED, people[:3], "2030-01-02T10:00:00.000Z"))
    two.trial.settle()
    assert len(two.hook.messages) == 21
    assert two.hook.messages[-1].content["data"]["LastName"] == "Wamle-Jones"
    assert len({each.id for each in two.hook.messages}) == 21


def test_a_lost_answer_is_retried_where_ids_count_and_parked_where_they_do_not(two: Two) -> None:
    two.hook.treat_next(DROP_AFTER)
    two.flow.treat_next(DROP_AFTER)
    two.trial.send(live("InviteeOrGuestAccepted", registrant(1), TIME))
    two.trial.settle(minutes=60)

    assert two.states("membership") == ["delivered"]
    assert (len(two.hook.messages), len(two.hook.repeated)) == (1, 1)
    assert two.states("welcome") == ["parked"]
    assert len(two.flow.messages) == 1


@pytest.mark.parametrize("status", [404, 401])
def test_a_flow_that_is_switched_off_parks_nothing_and_goes_on_by_itself(
    two: Two, status: int
) -> None:
    two.flow.treat_all(Reply(status))
    two.trial.send(message(SYNCED, [registrant(number) for number in range(1, 11)]))
    two.trial.settle(minutes=60)
    assert two.states("welcome") == ["pending"] * 10
    assert two.states("membership") == ["delivered"] * 10
    tried = len(two.flow.refused)
    assert 3 <= tried < 40

    two.flow.treat_all(None)
    two.trial.settle(minutes=60)
    assert two.states("welcome") == ["delivered"] * 10
    assert len(two.flow.messages) == 10


def test_one_record_that_the_receiver_refuses_parks_alone_with_what_it_says(two: Two) -> None:
    two.hook._refuses = lambda content: (
        "no such member" if content["data"]["FirstName"] == "Rory" else ""
    )
    people = [registrant(1), registrant(2, firstName="Rory"), registrant(3)]
    two.trial.send(message(SYNCED, people))
    two.trial.settle()

    assert sorted(two.states("membership")) == ["delivered", "delivered", "parked"]
    [parked] = [each for each in two.trial.deliveries("membership") if each.state == "parked"]
    assert parked.reason == "the receiver answers 422: error: no such member"


def test_the_example_is_right_and_so_are_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    if not entry_points(group="regbridge.plugins", name="http"):
        pytest.skip("regbridge-http is not installed here, so `use: http` names nothing")
    address = "http://127.0.0.1:8097/hooks"
    for name, value in _environment(address, address).items():
        monkeypatch.setenv(name, value)
    command = "import sys; from regbridge.cli import main; sys.exit(main())"
    checked = subprocess.run(
        [sys.executable, "-c", command, "check", "--configs", str(EXAMPLE)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "3 cases" in checked.stdout
