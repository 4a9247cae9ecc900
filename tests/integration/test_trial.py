"""A trial: messages through a whole client, with plugins of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regbridge import (
    ConfigError,
    CredentialsError,
    Drop,
    Outcome,
    Plugin,
    PluginContext,
    Record,
    Registration,
    RejectedError,
    RetryableError,
    Secret,
    Settings,
    TargetPlugin,
    hookimpl,
)
from regbridge.limits import RateLimit
from regbridge.testing.payloads import live, registrant, substitution, sync
from regbridge.testing.trial import Trial

START = datetime(2027, 3, 1, 12, tzinfo=UTC)
CLIENT = """
targets:
  crm:
    use: crm
    map: {email: email, company: company, invitee: inviteeStub}
"""


class CrmSettings(Settings):
    token: Secret | None = None
    file: str = ""


class Crm(TargetPlugin):
    """Keeps what it is sent; fails as often as a test says."""

    settings_model = CrmSettings
    settings: CrmSettings
    batch_size = 10
    idempotent = True

    def __init__(self, settings: Settings, context: PluginContext) -> None:
        super().__init__(settings, context)
        self.failures: list[Exception] = []
        self.held: dict[str, Mapping[str, Any]] = {}
        self.calls = 0
        self.closed = 0

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        with self.context.limiters.limiter("crm").call(RateLimit(per_second=1, burst=1)):
            self.calls += 1
            if self.failures:
                raise self.failures.pop()
            return [self._outcome(record) for record in records]

    def _outcome(self, record: Record) -> Outcome:
        if record.fields["company"] == "REFUSE":
            return Outcome.rejected("no such company", field="company")
        known = record.fields["invitee"] in self.held
        self.held[record.fields["invitee"]] = record.fields
        made = Outcome.updated if known else Outcome.created
        return made(f"id of {record.fields['email']}")

    def close(self) -> None:
        self.closed += 1


class Enrich(Plugin):
    """Knows everybody's shoe size, and says that Cvent lacks one of them."""

    @hookimpl
    def enrich_registrations(
        self, registrations: Sequence[Registration]
    ) -> Sequence[Mapping[str, Any] | RejectedError]:
        return [
            RejectedError("Cvent does not know them", field="inviteeStub")
            if registration.fields["company"] == "UNKNOWN"
            else {"shoes": 42}
            for registration in registrations
        ]


class SkipStaff(Plugin):
    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("staff") if registration.fields["company"] == "STAFF" else None


PLUGINS = {"crm": Crm, "shoes": Enrich, "skip-staff": SkipStaff}
NewTrial = Callable[..., Trial]


def started(trial: NewTrial, client: Any = CLIENT, **options: Any) -> Trial:
    return trial(client, plugins=PLUGINS, start=START, **options)


def crm(trial: Trial) -> Crm:
    plugin = trial.plugin("crm")
    assert isinstance(plugin, Crm)
    return plugin


def registered(number: int, minute: int = 0, **fields: Any) -> dict[str, Any]:
    time = f"2026-11-24T10:{minute:02}:00.000Z"
    return live("InviteeOrGuestModified", registrant(number, **fields), time=time)


def test_messages_go_the_whole_way(trial: NewTrial) -> None:
    one = started(trial)
    receipt = one.send(sync(3))
    assert one.states() == {}
    one.settle()
    assert one.states() == {"delivered": 3}
    assert [each.receipt for each in one.registrations] == [receipt] * 3
    [first, *_] = one.deliveries("crm")
    assert first.fields == crm(one).held[registrant(1)["inviteeStub"]]
    assert first.external_id == f"id of {registrant(1)['email']}"
    assert (first.state, first.attempts, first.due) == ("delivered", 1, None)


def test_what_an_outage_kept_is_delivered_after_it_and_nobody_waits(trial: NewTrial) -> None:
    one = started(trial)
    crm(one).failures = [RetryableError("it is down")] * 5
    one.send(registered(1))
    one.settle()
    [pending] = one.deliveries()
    assert (pending.state, pending.reason) == ("pending", "it is down")
    assert pending.due is not None
    assert pending.due > one.now
    one.settle(minutes=30)
    assert one.states() == {"delivered": 1}
    assert crm(one).calls == 6
    assert one.now - START < timedelta(minutes=30)


def test_time_goes_on_by_the_minutes_that_were_asked_for(trial: NewTrial) -> None:
    one = started(trial)
    crm(one).failures = [CredentialsError("the password is wrong")] * 2
    one.send(registered(1))
    one.settle(minutes=1)
    assert one.states() == {"pending": 1}
    assert one.now == START + timedelta(minutes=1)
    one.settle(minutes=1)
    assert one.now == START + timedelta(minutes=2)
    one.settle(minutes=20)
    assert one.states() == {"delivered": 1}
    assert one.deliveries()[0].attempts == 1


def test_what_is_refused_is_parked_alone_with_its_field_and_can_be_retried(
    trial: NewTrial,
) -> None:
    one = started(trial)
    one.send(registered(1))
    one.send(registered(2, company="REFUSE"))
    one.settle()
    assert one.states() == {"delivered": 1, "parked": 1}
    [_, parked] = one.deliveries("crm")
    assert (parked.reason, parked.field) == ("no such company", "company")
    assert (one.retry(), one.states()) == (1, {"delivered": 1, "pending": 1})
    one.settle()
    assert one.states() == {"delivered": 1, "parked": 1}


def test_a_message_again_is_a_duplicate_and_the_same_values_make_no_call(trial: NewTrial) -> None:
    one = started(trial)
    for message in (registered(1), registered(1), registered(1, minute=5)):
        one.send(message)
        one.settle()
    assert [each.state for each in one.registrations] == ["delivered", "duplicate", "unchanged"]
    assert crm(one).calls == 1


def test_a_late_older_change_does_not_overwrite_a_newer_one(trial: NewTrial) -> None:
    one = started(trial)
    one.send(registered(1, minute=9, company="new"))
    one.settle()
    one.send(registered(1, minute=3, company="old"))
    one.settle()
    assert one.states() == {"delivered": 1, "superseded": 1}
    assert [held["company"] for held in crm(one).held.values()] == ["new"]


def test_who_takes_over_a_registration_gets_the_record_of_it(trial: NewTrial) -> None:
    one = started(trial)
    one.send(registered(1))
    one.settle()
    one.send(substitution(registrant(1), registrant(2), time="2026-11-24T11:00:00.000Z"))
    one.settle()
    assert one.states() == {"delivered": 2}
    assert [held["email"] for held in crm(one).held.values()] == [registrant(2)["email"]]
    assert one.registrations[1].fields["newContactStub"] == registrant(2)["contactStub"]


def test_patches_are_shown_beside_the_record(trial: NewTrial) -> None:
    wider = CLIENT.replace("{email:", "{size: shoes, email:")
    one = started(trial, f"plugins: [skip-staff, shoes]\n{wider}")
    for number, company in enumerate(["", "UNKNOWN", "STAFF"]):
        one.send(registered(number, company=company))
    one.settle()
    found = [(each.state, each.field, each.enriched) for each in one.registrations]
    assert found == [
        ("delivered", "", {"shoes": {"shoes": 42}}),
        ("parked", "inviteeStub", {}),
        ("filtered", "", {}),
    ]
    assert one.registrations[2].reason == "staff"


def test_what_cannot_be_read_is_a_parked_receipt(trial: NewTrial) -> None:
    one = started(trial)
    one.send(b"{")
    one.send(sync(2))
    one.settle()
    assert [(each.state == "parked", each.records) for each in one.receipts] == [
        (True, 0),
        (False, 2),
    ]
    assert one.receipts[0].reason.startswith("the body is not JSON")


def test_a_whole_day_of_calls_takes_no_time(trial: NewTrial) -> None:
    one = started(trial)
    one.send(sync(200))
    one.settle()
    assert crm(one).calls == 20
    assert timedelta(seconds=15) < one.now - START < timedelta(minutes=1)


def test_a_client_may_be_values_or_a_file(trial: NewTrial, tmp_path: Path) -> None:
    values = {"client": "apap", "targets": {"crm": {"use": "crm", "map": {"email": "email"}}}}
    assert started(trial, values).client.name == "apap"
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("time_zone: Europe/Vienna\nhost: {port: 1}\n", "utf-8")
    file = tmp_path / "clients" / "apap.yaml"
    file.write_text(CLIENT, encoding="utf-8")
    from_file = started(trial, file)
    assert from_file.client.time_zone == "Europe/Vienna"
    assert crm(from_file).context.folder == tmp_path
    assert started(trial, folder=tmp_path).client.time_zone == "Europe/Vienna"


def test_secrets_come_from_the_variables_that_are_given(trial: NewTrial) -> None:
    client = f"{CLIENT}    settings: {{token: {{env: TRIAL_CRM_TOKEN}}}}\n"
    one = started(trial, client, environ={"TRIAL_CRM_TOKEN": "a secret"})
    token = crm(one).settings.token
    assert token is not None
    assert token.get_secret_value() == "a secret"
    with pytest.raises(ConfigError, match="TRIAL_CRM_TOKEN is not set"):
        started(trial, client)


@pytest.mark.parametrize(
    ("client", "finding"),
    [
        (
            f"{CLIENT}    settings: {{tokn: 1}}\n",
            "trial.yaml:6: targets.crm.settings.tokn: unknown key 'tokn'",
        ),
        (CLIENT.replace("use: crm", "use: shoes"), "the plugin 'shoes' delivers nothing"),
        ("targets: [", "trial.yaml:1: this is not valid YAML"),
        ("client: apap", "trial.yaml:1: targets: targets is missing"),
        ({"targets": {"crm": {"use": "crm", "nope": 1}}}, "unknown key 'nope'"),
    ],
)
def test_a_client_that_the_host_refuses_is_refused(
    trial: NewTrial, client: Any, finding: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        started(trial, client)
    assert finding in str(raised.value)


def test_names_that_are_not_there_are_told_with_the_nearest(trial: NewTrial) -> None:
    one = started(trial)
    with pytest.raises(LookupError, match="crm"):
        one.plugin("crn")
    with pytest.raises(LookupError, match="crm"):
        one.deliveries("crn")


def test_an_endpoint_can_be_chosen(trial: NewTrial) -> None:
    door = "{path: /apap/%s, tokens: [{env: REGBRIDGE_TRIAL_TOKEN}], events: [%s]}"
    one = started(
        trial,
        f"events: {{gala: {{id: {sync(1)['message'][0]['eventStub']}}}, fair: {{id: other}}}}\n"
        f"endpoints: {{a: {door % ('a', 'gala')}, b: {door % ('b', 'fair')}}}\n{CLIENT}",
    )
    one.send(sync(1))
    one.send(sync(1, first=2), endpoint="b")
    one.settle()
    assert [each.state for each in one.registrations] == ["delivered", "filtered"]


def test_the_end_closes_the_plugins_and_leaves_no_file(tmp_path: Path) -> None:
    with Trial(CLIENT, plugins=PLUGINS) as one:
        plugin = crm(one)
        folder = plugin.context.folder
        assert folder.is_dir()
    assert plugin.closed == 1
    assert not folder.exists()


def test_the_clock_begins_now_unless_a_test_says_otherwise(trial: NewTrial) -> None:
    one = trial(CLIENT, plugins=PLUGINS)
    assert abs(one.now - datetime.now(UTC)) < timedelta(minutes=10)
