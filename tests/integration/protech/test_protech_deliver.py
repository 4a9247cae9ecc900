"""The `protech` target delivers to a real service over HTTP, and tells apart how that can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from regbridge import (
    AmbiguousError,
    Client,
    ConfigError,
    CredentialsError,
    Finding,
    Level,
    Outcome,
    OutcomeKind,
    PluginContext,
    RateLimiter,
    Record,
    RetryableError,
    Target,
)
from regbridge.http import Answer
from regbridge.limits import Limiters, OwnPlaces
from regbridge_protech.deliver import Protech, ProtechSettings
from regbridge_protech.meaning import outcome_of
from regbridge_protech.operation import Binding
from regbridge_protech.simulator.behaviour import (
    DROP_AFTER,
    DROP_BEFORE,
    HALF_ANSWER,
    Behaviour,
    fault,
    page,
    refusal,
    text_of,
)
from regbridge_protech.simulator.contract import DATE, NAMESPACE, OPERATION, TEXTS

NOW = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)
GUID = "9cc0c0f1-1111-4222-8333-444455556666"
Make = Callable[..., Protech]
Serve = Callable[..., Any]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make the plugin of a target `staging`; the keywords change its settings."""
    made = []

    def make(
        url: str,
        mapped: Mapping[str, Any] | None = None,
        limiters: Limiters | None = None,
        **changes: Any,
    ) -> Protech:
        target = Target("staging", map=mapped or {})
        context = PluginContext(
            "protech",
            Client("apap", targets={"staging": target}),
            tmp_path,
            target,
            ("targets", "staging"),
            limiters or Limiters(OwnPlaces()),
        )
        settings = ProtechSettings.model_validate(
            usual(url) | changes, context={"folder": tmp_path}
        )
        made.append(Protech(settings, context, lambda: NOW))
        return made[-1]

    yield make
    for plugin in made:
        plugin.close()


def usual(url: str) -> dict[str, Any]:
    return {
        "allow_http": True,
        "url": url,
        "namespace": NAMESPACE,
        "operation": OPERATION,
        "parameters": [
            *({"name": name} for name in TEXTS),
            {"name": DATE, "type": "dateTime", "required": True},
        ],
        "success": "guid",
    }


def record(values: Mapping[str, Any], **about: Any) -> Record:
    return Record(dict(values), **about)


def outcome(plugin: Protech, sent: Record) -> Outcome:
    [found] = plugin.deliver_records([sent])
    return found


@pytest.mark.parametrize("binding", Binding)
def test_the_guid_that_the_service_returns_is_the_external_id(
    serve: Serve, make: Make, values: dict[str, str], binding: Binding
) -> None:
    service = serve()

    found = outcome(make(service.url, binding=binding), record(values))

    [staged] = service.simulator.staging.records
    assert found == Outcome.created(staged.guid)
    assert staged.parameters == values


def test_a_registrant_that_has_an_external_id_is_updated(
    serve: Serve, make: Make, values: dict[str, str]
) -> None:
    found = outcome(make(serve().url), record(values, external_id=GUID))

    assert found.kind is OutcomeKind.UPDATED
    assert found.external_id not in (None, GUID)


@pytest.mark.parametrize("length", [0, 1, 36, 37, 100, 150, 151, 400])
def test_a_text_of_any_length_that_is_no_guid_is_a_rejection(
    serve: Serve, make: Make, values: dict[str, str], length: int
) -> None:
    service = serve()
    service.simulator.script.treat_next(refusal(text_of(length)))

    found = outcome(make(service.url), record(values))

    assert found.kind is OutcomeKind.REJECTED
    assert found.reason == f"the result is no GUID: {text_of(length).strip() or 'it is empty'}"


def test_the_words_of_the_record_are_taken_out_of_the_services_text(
    serve: Serve, make: Make, values: dict[str, str]
) -> None:
    service = serve()
    said = "No member P-001 Zoë OBRIEN <zoe@example.org>, called +1 202 555 0117: 'Zoë O''Brien'"
    service.simulator.script.treat_next(refusal(said))

    found = outcome(make(service.url), record(values | {"szJobTitle": "Zoë OBrien"}))

    assert found.reason.startswith("the result is no GUID: No member P-… … … <z…@example.org>")
    assert not any(part in found.reason for part in ("001", "Zo", "rien", "RIEN", "555"))


@pytest.mark.parametrize(
    ("behaviour", "error", "text"),
    [
        (page(401), CredentialsError, "does not let us in (401)"),
        (page(403), CredentialsError, "does not let us in (403)"),
        (page(503), RetryableError, "answers 503, and the answer is an HTML page"),
        (page(429), RetryableError, "answers 429"),
        (page(404), RetryableError, "something else answers at its address"),
        (page(200), RetryableError, "something else answers at its address"),
        (page(500), AmbiguousError, "answers 500, and the answer is an HTML page"),
        (page(502), AmbiguousError, "answers 502"),
        (page(504), AmbiguousError, "answers 504"),
        (fault(), AmbiguousError, "the fault Server: The staging database timed out."),
        (DROP_BEFORE, AmbiguousError, "the answer of 127.0.0.1 was lost"),
        (DROP_AFTER, AmbiguousError, "the answer of 127.0.0.1 was lost"),
        (HALF_ANSWER, AmbiguousError, "the answer of 127.0.0.1 was lost"),
    ],
)
def test_what_is_no_result_is_an_error_of_the_call(
    serve: Serve,
    make: Make,
    values: dict[str, str],
    behaviour: Behaviour,
    error: type[Exception],
    text: str,
) -> None:
    service = serve()
    service.simulator.script.treat_next(behaviour)

    with pytest.raises(error) as caught:
        make(service.url).deliver_records([record(values)])

    assert text in str(caught.value)


def test_a_fault_of_the_caller_rejects_the_record_because_nothing_was_done(
    serve: Serve, make: Make, values: dict[str, str]
) -> None:
    service = serve()

    found = outcome(make(service.url, action="http://tempuri.org/Other"), record(values))

    assert found.kind is OutcomeKind.REJECTED
    assert "the fault Client" in found.reason
    assert service.simulator.staging.records == ()


def test_a_request_that_the_service_refuses_by_its_status_is_a_rejection(
    serve: Serve, make: Make, values: dict[str, str]
) -> None:
    found = outcome(make(serve().url), record(values | {"szJobTitle": "x" * 20_000_000}))

    assert found.kind is OutcomeKind.REJECTED
    assert "413" in found.reason


def test_a_value_that_is_not_of_its_type_is_rejected_before_anything_is_sent(
    serve: Serve, make: Make, values: dict[str, str]
) -> None:
    service = serve()

    found = outcome(make(service.url), record(values | {DATE: "04-May-2027"}))

    assert (found.kind, found.field) == (OutcomeKind.REJECTED, DATE)
    assert "May" not in found.reason
    assert service.seen == []


def test_an_answer_that_takes_too_long_is_ambiguous(
    make: Make, values: dict[str, str], serve: Serve
) -> None:
    import threading

    done = threading.Event()
    service = serve(delay=1.0, sleep=lambda _: done.wait(20))

    with pytest.raises(AmbiguousError, match="ReadTimeout"):
        make(service.url, timeout_seconds=0.1).deliver_records([record(values)])
    done.set()


def test_only_a_service_that_is_known_to_be_safe_is_sent_an_ambiguous_record_again(
    make: Make,
) -> None:
    url = "http://127.0.0.1:9/x.asmx"
    assert make(url).idempotent is False
    assert make(url, on_ambiguous="retry").idempotent is True


def test_a_service_that_asks_for_a_wait_gets_it(make: Make) -> None:
    plugin = make("http://127.0.0.1:9/x.asmx")
    answer = Answer(503, {"Retry-After": "120"}, b"<html><body>busy</body></html>")

    with pytest.raises(RetryableError) as caught:
        outcome_of(
            answer,
            plugin.settings.described_operation(),
            Binding.SOAP11,
            plugin.settings.success.rule(),
            str,
            NOW,
        )

    assert caught.value.retry_after == 120.0


def test_constants_and_secrets_are_sent_and_no_mapping_changes_them(
    serve: Serve, make: Make, values: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("opensesame\n", encoding="utf-8")
    service = serve(security_password="opensesame")
    parameters: list[dict[str, Any]] = [
        {"name": "securityPassword", "secret": {"file": "password"}},
        *usual("")["parameters"],
    ]
    parameters[7] = {"name": "szExcludeEmailFlag", "value": "no"}
    success = {"json": "ok", "id": "id", "reason": "error"}
    plugin = make(service.url, parameters=parameters, success=success)

    found = outcome(plugin, record({**values, "szExcludeEmailFlag": "yes"}))

    [staged] = service.simulator.staging.records
    assert found == Outcome.created(staged.guid)
    assert staged.parameters["szExcludeEmailFlag"] == "no"
    assert "opensesame" not in repr(plugin.settings)


def test_calls_keep_the_pace_of_the_settings(
    serve: Serve, make: Make, values: dict[str, str]
) -> None:
    moments = [1_700_000_000.0]

    def sleep(seconds: float) -> None:
        moments.append(moments[-1] + seconds)

    limiters = Limiters(OwnPlaces(), lambda: moments[-1], sleep)
    plugin = make(serve().url, limiters=limiters, calls_per_second=2)

    for _ in range(5):
        outcome(plugin, record(values))

    assert moments[-1] - moments[0] == pytest.approx(2.0, abs=0.05)


def test_the_limiter_is_named_after_the_service_and_without_a_pace_there_is_none(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def limiter(_: Limiters, key: str) -> RateLimiter:
        asked.append(key)
        return RateLimiter(key, OwnPlaces())

    monkeypatch.setattr(Limiters, "limiter", limiter)
    make("https://crm.example.org/x.asmx")
    assert asked == []
    make("https://crm.example.org/x.asmx", calls_per_second=2)
    assert asked == ["protech crm.example.org/x.asmx"]


def test_plain_http_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    settings = usual("http://crm.example.org/x.asmx") | {"allow_http": False}

    with pytest.raises(ValidationError, match="allow_http: true"):
        ProtechSettings.model_validate(settings)


# --- the map against the parameters ---


def refused(make: Make, mapped: Mapping[str, Any], **changes: Any) -> list[Finding]:
    with pytest.raises(ConfigError) as caught:
        make("http://127.0.0.1:9/x.asmx", mapped, **changes)
    return list(caught.value.findings)


def test_a_field_that_is_no_parameter_is_found_with_the_nearest_name(make: Make) -> None:
    [finding] = refused(make, {"szRegDte": "registrationDate", DATE: "registrationDate"})

    assert finding.path == ("targets", "staging", "map", "szRegDte")
    assert "did you mean 'szRegDate'?" in str(finding)


def test_a_required_parameter_without_a_value_is_found(make: Make) -> None:
    [finding] = refused(make, {"szUserID": "answers.member_id"})

    assert finding.path == ("targets", "staging", "settings", "parameters", len(TEXTS))
    assert f"the parameter {DATE} is required" in finding.message


def test_a_field_whose_parameter_has_a_constant_is_found(make: Make) -> None:
    parameters = [{"name": "szUserID", "value": "7"}, *usual("")["parameters"][1:]]
    mapped = {"szUserID": "answers.member_id", DATE: "registrationDate"}

    [finding] = refused(make, mapped, parameters=parameters)

    assert "has a constant" in finding.message


# --- check --online ---


def checked(plugin: Protech) -> list[Finding]:
    target = plugin.context.target
    assert target is not None
    return list(plugin.check_connection(target) or ())


@pytest.mark.parametrize("binding", Binding)
def test_settings_that_fit_the_wsdl_are_ok(serve: Serve, make: Make, binding: Binding) -> None:
    service = serve()

    [finding] = checked(make(service.url, binding=binding))

    assert finding.level is Level.OK
    assert service.simulator.staging.records == ()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"operation": "UpdateUserInfos"}, "no operation 'UpdateUserInfos' by soap11"),
        ({"namespace": "http://tempuri.example/"}, "the namespace is http://tempuri.org/"),
        ({"action": "http://tempuri.org/Other"}, "the action is http://tempuri.org/UpdateUserInfo"),
        ({"result": "Other"}, "the result is UpdateUserInfoResult"),
        ({"parameters": [{"name": "szUserID"}]}, "it requires the parameter szRegDate"),
        (
            {"parameters": [*usual("")["parameters"], {"name": "extra"}]},
            "it has no parameter 'extra'",
        ),
        (
            {"parameters": [*({"name": name} for name in TEXTS), {"name": DATE, "type": "date"}]},
            f"{DATE} is an xs:dateTime",
        ),
        ({"parameters": usual("")["parameters"][::-1]}, "the order of the parameters is szUserID"),
    ],
)
def test_settings_that_differ_from_the_wsdl_are_found(
    serve: Serve, make: Make, changes: dict[str, Any], text: str
) -> None:
    findings = checked(make(serve().url, **changes))

    assert any(text in finding.message for finding in findings)
    assert all(finding.level is Level.ERROR and finding.remedy for finding in findings)


def test_a_service_that_does_not_answer_is_a_finding(make: Make) -> None:
    [finding] = checked(make("http://127.0.0.1:9/x.asmx"))

    assert finding.level is Level.ERROR
    assert "cannot be reached" in finding.message


def test_a_page_in_the_place_of_a_wsdl_is_a_warning(serve: Serve, make: Make) -> None:
    service = serve()
    elsewhere = service.url.replace("APAP_UpdateMember", "Other")

    [finding] = checked(make(elsewhere))

    assert finding.level is Level.WARNING
    assert "shows no WSDL" in finding.message


def test_another_targets_check_is_not_this_plugins_business(make: Make) -> None:
    assert make("http://127.0.0.1:9/x.asmx").check_connection(Target("other")) is None
