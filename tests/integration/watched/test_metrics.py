"""What a Prometheus reads: of this process, and of the ledger without counting it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics,
)
from prometheus_client.registry import REGISTRY
from sqlalchemy import event
from tests.integration.watched.conftest import (
    BASE,
    CLIENT,
    CVENT_TOKEN,
    PATH,
    TOKEN,
    Site,
    ask,
    scrape,
    send,
    value,
)
from tests.integration.watched.watched_ledger import PROVED_AT, fill

from regbridge.config.loader import load_host
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.host import Host
from regbridge.store.pauses import pause_worker
from regbridge.testing.payloads import encode, registrant, sync
from regbridge.timings import BOUNDS, Key, Stage
from regbridge.web.attempts import FREE
from regbridge.web.metrics.names import METRICS, Kind, Of

ROOT = Path(__file__).parents[3]
AT = {"client": "acme", "endpoint": "CventReg"}
EVENT = {"client": "acme", "event": "conference"}


@pytest.fixture
def host(site: Site) -> Host:
    """A host in whose ledger there is something of everything."""
    host = site.start()
    fill(host)
    return host


def test_there_are_none_until_base_yaml_says_who_may_read_them(site: Site) -> None:
    host = site.start(BASE)

    answer = ask(host, "/metrics", {"Authorization": f"Bearer {TOKEN}"})

    assert answer.status == 404


def test_what_this_process_answered_is_counted(host: Host) -> None:
    found = scrape(host)

    assert value(found, "regbridge_messages_accepted_total", **AT) == 3
    assert value(found, "regbridge_registrations_accepted_total", **AT) == 7
    assert value(found, "regbridge_tokens_refused_total", **AT) == 1
    assert value(found, "regbridge_messages_unreadable_total", **AT) == 1
    assert value(found, "regbridge_http_answers_total", part="endpoint", status="401") == 1
    assert value(found, "regbridge_http_answers_total", part="endpoint", status="400") == 1
    assert value(scrape(host), "regbridge_http_answers_total", part="metrics", status="200") == 1
    ask(host, "/nowhere/at/all")
    ask(host, "/health/live")
    found = scrape(host)
    assert value(found, "regbridge_http_answers_total", part="other", status="404") == 1
    assert value(found, "regbridge_http_answers_total", part="health", status="200") == 1


def test_what_is_counted_begins_at_zero_so_that_the_first_is_seen(site: Site) -> None:
    found = scrape(site.start())

    for name in ("messages_accepted", "tokens_refused", "messages_unreadable"):
        assert value(found, f"regbridge_{name}_total", **AT) == 0
    for stage, part in (("receive", ""), ("arrival to delivery", "crm")):
        labels = {"client": "acme", "stage": stage, "part": part}
        assert value(found, "regbridge_stage_seconds_count", **labels) == 0


def test_the_states_are_those_of_the_ledger_and_a_state_without_any_is_zero(host: Host) -> None:
    found = scrape(host)

    states = {
        sample.labels["state"]: sample.value for sample in found["regbridge_registrations"].samples
    }
    assert states == {
        "delivered": 5,
        "parked": 1,
        "filtered": 1,
        "pending": 0,
        "unchanged": 0,
        "superseded": 0,
        "duplicate": 0,
    }
    crm = {"client": "acme", "target": "crm"}
    assert value(found, "regbridge_deliveries", **crm, state="delivered") == 5
    assert value(found, "regbridge_deliveries", **crm, state="parked") == 1
    assert value(found, "regbridge_oldest_pending_seconds", client="acme") == 0
    assert value(found, "regbridge_counted_timestamp_seconds", what="states") > 0


def test_the_oldest_pending_has_its_age_and_unsplit_records_their_number(site: Site) -> None:
    host = site.start(worker=False)
    send(host, encode(sync(4)))
    host.counting.count(host._waiting)
    now = host.counting.clock()
    host.counting.clock = lambda: now + 90_000

    found = scrape(host)

    age = value(found, "regbridge_oldest_pending_seconds", client="acme")
    assert age == pytest.approx((now - host._waiting.found.since["acme"]) / 1000, abs=30)  # type: ignore[union-attr]
    assert value(found, "regbridge_registrations_unsplit") == 4


def test_a_breaker_has_each_cause_and_only_the_one_that_holds_is_one(host: Host) -> None:
    found = scrape(host)

    crm = {"client": "acme", "upstream": "crm"}
    causes = ("outage", "credentials", "quota", "operator")
    breakers = [value(found, "regbridge_breaker_open", **crm, cause=cause) for cause in causes]
    assert breakers == [0, 0, 1, 0]
    assert value(found, "regbridge_worker_paused") == 0
    host.store.write(lambda c: pause_worker(c, "a new server", 1))
    assert value(scrape(host), "regbridge_worker_paused") == 1


def test_the_quota_shows_calls_of_today_and_who_is_blocked_now(host: Host) -> None:
    found = scrape(host)

    account = {"account": "cvent 1a2b3c4d"}
    assert value(found, "regbridge_vendor_calls_today", **account) == 417
    assert value(found, "regbridge_vendor_calls_left", **account) == 583
    assert value(found, "regbridge_vendor_blocked", **account) == 1
    accounts = {each.labels["account"] for each in found["regbridge_vendor_blocked"].samples}
    assert accounts == {"cvent 1a2b3c4d"}, "the other block is over"
    assert value(found, "regbridge_reconcile_calls_today", client="acme") == 12
    assert value(found, "regbridge_reconcile_calls_limit", client="acme") == 200


def test_the_last_proof_of_an_event_shows_its_time_and_its_result(host: Host) -> None:
    found = scrape(host)

    assert value(found, "regbridge_proof_timestamp_seconds", **EVENT) == PROVED_AT / 1000
    assert value(found, "regbridge_proof_at_cvent", **EVENT) == 12
    assert value(found, "regbridge_proof_missing", **EVENT) == 2
    assert value(found, "regbridge_proof_at_target", **EVENT, target="crm") == 8
    differences = {
        (each.labels["kind"], each.labels["target"], each.labels["sent"]): each.value
        for each in found["regbridge_proof_differences"].samples
    }
    assert differences["missing here", "", "no"] == differences["missing here", "", "yes"] == 1
    assert differences["changed there", "crm", "no"] == 3
    assert differences["extra there", "crm", "no"] == 0
    assert value(found, "regbridge_proof_troubled", **EVENT) == 1
    events = {each.labels["event"] for each in found["regbridge_proof_timestamp_seconds"].samples}
    assert events == {"conference"}, "nobody proves an event that no client names any more"


def test_a_stage_is_a_histogram_whose_buckets_add_up(site: Site) -> None:
    host = site.start(worker=False)
    key = Key("acme", Stage.DELIVER, "crm")
    times = [0.0005, 0.003, 0.003, 1.5, 4000.0]
    for seconds in times:
        host._timings.add(key, seconds, 2)
    host._timings.add_ages(Key("acme", Stage.TOTAL, "crm"), [0.01, 3600 * 24 * 9])
    host._flush.flush()

    found = scrape(host)

    stage = {"client": "acme", "stage": "deliver", "part": "crm"}
    assert value(found, "regbridge_stage_seconds_count", **stage) == len(times)
    assert value(found, "regbridge_stage_seconds_sum", **stage) == pytest.approx(sum(times))
    assert value(found, "regbridge_stage_registrations_total", **stage) == 2 * len(times)
    buckets = bucket_values(found, stage)
    for bound, passed in buckets.items():
        assert passed == sum(seconds <= bound for seconds in times), bound
    assert list(buckets.values()) == sorted(buckets.values())
    total = bucket_values(found, {**stage, "stage": "arrival to delivery"})
    assert (total[0.064], total[float("inf")]) == (1, 2)
    assert {bound * 1000 for bound in buckets if bound < 1e9} < set(BOUNDS)


def bucket_values(found: Mapping[str, Metric], stage: Mapping[str, str]) -> dict[float, float]:
    return {
        float(each.labels["le"]): each.value
        for each in found["regbridge_stage_seconds"].samples
        if each.name.endswith("_bucket") and stage.items() <= each.labels.items()
    }


def test_threads_of_the_worker_are_counted_by_what_they_do(site: Site) -> None:
    found = scrape(site.start())

    deliver = {"step": "deliver", "client": "acme", "part": "crm"}
    assert value(found, "regbridge_worker_threads", **deliver) == 1
    assert value(found, "regbridge_worker_threads_dead", **deliver) == 0
    assert value(found, "regbridge_worker_busy_seconds", **deliver) >= 0
    assert sum(each.value for each in found["regbridge_worker_threads"].samples) == 6


def test_a_host_without_a_worker_has_no_threads_of_one(site: Site) -> None:
    assert "regbridge_worker_threads" not in scrape(site.start(worker=False))


def test_a_refused_client_is_down(site: Site) -> None:
    wrong = CLIENT.replace("acme", "other").replace("use: files", "use: filez")
    (site.folder / "clients/other.yaml").write_text(wrong, encoding="utf-8")

    found = scrape(site.start())

    assert value(found, "regbridge_client_up", client="acme") == 1
    assert value(found, "regbridge_client_up", client="other") == 0


def test_without_the_ledger_what_the_process_knows_is_told_all_the_same(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise StoreUnavailableError("the database is away")

    monkeypatch.setattr(host.store, "read", gone)

    found = ask(host, "/metrics").metrics

    assert value(found, "regbridge_ledger_up") == 0
    assert value(found, "regbridge_ready") == 0
    assert value(found, "regbridge_messages_accepted_total", **AT) == 3
    assert "regbridge_registrations" not in found


def test_every_metric_is_told_with_its_kind_and_of_what_it_is(host: Host) -> None:
    found = dict(scrape(host))

    for named in METRICS:
        metric = found.pop(named.name)
        assert metric.type == named.kind
        assert str(named.of) in metric.documentation
        kinds = {frozenset(each.labels) - {"le"} for each in metric.samples}
        assert kinds <= {frozenset(named.labels)}, named.name
        assert kinds, f"no sample of {named.name}"
    assert {name for name in found if not name.startswith(("process_", "python_"))} == set()


def test_names_are_as_prometheus_wants_them() -> None:
    for named in METRICS:
        assert re.fullmatch(r"regbridge_[a-z_]+", named.name)
        assert not named.name.endswith("_total"), "the library appends it to a counter"
        assert not set(named.labels) & {"le", "instance", "job", "reason"}
        if named.kind is Kind.COUNTER and named.of is Of.LEDGER:
            assert "midnight" in named.text, "who reads it has to know when it begins anew"


def test_the_reference_lists_every_metric_with_its_labels() -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(regbridge_\w+)` \| (\w+) \| ([^|]*) \|", page, re.MULTILINE)
    listed = [(name, kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows]
    total = {Kind.COUNTER: "_total"}
    assert listed == [
        (each.name + total.get(each.kind, ""), str(each.kind), list(each.labels))
        for each in METRICS
    ]


def test_no_metric_names_a_person_a_token_or_a_reason(host: Host) -> None:
    text = ask(host, "/metrics").body.decode()

    for number in (1, 2, 7):
        person = registrant(number)
        for name in ("email", "firstName", "lastName", "confirmationNumber", "inviteeStub"):
            assert not person[name] or person[name] not in text
    for secret in (CVENT_TOKEN, "tenant 42", "Cvent does not answer"):
        assert secret not in text


def test_who_asks_for_open_metrics_gets_it(host: Host) -> None:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0;charset=utf-8,*/*;q=0.1"}

    answer = ask(host, "/metrics", accept)

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    families = open_metrics(answer.body.decode())  # type: ignore[no-untyped-call]
    found = {family.name: family for family in families}
    assert value(found, "regbridge_messages_accepted_total", **AT) == 3
    assert ask(host, "/metrics").headers["Content-Type"].startswith("text/plain")


def test_a_scrape_counts_no_table_and_adds_nothing_to_the_common_registry(host: Host) -> None:
    ask(host, "/metrics")
    statements: list[str] = []
    host.counting.stop()
    common = {family.name for family in REGISTRY.collect()}

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(host.store.engine, "before_cursor_execute", note)
    ask(host, "/metrics")
    event.remove(host.store.engine, "before_cursor_execute", note)

    tables = set(re.findall(r"FROM (\w+)", " ".join(statements)))
    assert tables == {"pauses", "limiter_calls", "limiter_blocks", "timings", "passes"}
    assert not {name for name in common if name.startswith("regbridge")}


def test_a_token_is_asked_for_as_prometheus_sends_it(site: Site) -> None:
    host = site.start(BASE + "  metrics: {tokens: [{env: METRICS_TOKEN}]}\n")

    right = {"Authorization": f"Bearer {TOKEN}"}
    assert ask(host, "/metrics", right).status == 200
    for wrong in ({}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}):
        answer = ask(host, "/metrics", wrong)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "host.metrics" in answer.json["detail"]
        assert b"regbridge_" not in answer.body


def test_an_address_that_guesses_the_token_waits_and_a_right_one_is_let_in(site: Site) -> None:
    host = site.start(BASE + "  metrics: {tokens: [{env: METRICS_TOKEN}]}\n")
    wrong = [ask(host, "/metrics", {"Authorization": "Bearer wrong"}) for _ in range(FREE + 1)]

    assert [answer.status for answer in wrong] == [401] * FREE + [429]
    assert ask(host, "/metrics", {"Authorization": f"Bearer {TOKEN}"}).status == 200


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ("{}", "write one of tokens: [{env: NAME}] and open: true"),
        ("{open: true, tokens: [{env: METRICS_TOKEN}]}", "write one of tokens"),
        ("{tokens: []}", "at least 1 item"),
        ("{tokens: [short]}", "never as the secret itself"),
        ("{tokens: [{env: SHORT}]}", "at least 24 characters"),
        ("{opn: true}", "did you mean 'open'"),
    ],
)
def test_settings_that_let_nobody_or_everybody_in_by_mistake_are_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, metrics: str, says: str
) -> None:
    monkeypatch.setenv("SHORT", "x" * 23)
    (site.folder / "base.yaml").write_text(f"{BASE}  metrics: {metrics}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=re.escape(says)) as refused:
        load_host(site.folder)

    assert "host.metrics" in str(refused.value)


def test_every_host_says_the_same_of_the_ledger_and_its_own_of_itself(site: Site) -> None:
    working = site.start()
    send(working, encode(sync(3)))
    site.stop(working)
    there = {each.name for each in METRICS if each.of is Of.LEDGER}

    first = site.start(worker=False)
    ask(first, PATH, {"Authorization": "wrong"})
    before = scrape(first)
    site.stop(first)
    after = scrape(site.start(worker=False))

    assert samples_of(after, there) == samples_of(before, there)
    stored = {"client": "acme", "stage": "arrival to delivery", "part": "crm"}
    assert value(after, "regbridge_stage_seconds_count", **stored) == 3
    assert value(before, "regbridge_tokens_refused_total", **AT) == 1
    assert value(after, "regbridge_tokens_refused_total", **AT) == 0


def samples_of(found: Mapping[str, Metric], names: set[str]) -> dict[Any, float]:
    return {
        (each.name, *sorted(each.labels.items())): each.value
        for name in names
        for each in found[name].samples
    }
