"""One client's plugins behind the stages: order, answers, blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from regbridge import (
    AmbiguousError,
    AuthenticationError,
    Client,
    ConfigError,
    CredentialsError,
    Drop,
    Endpoint,
    Finding,
    Identity,
    Kind,
    Level,
    Outcome,
    Plugin,
    PluginContext,
    PluginError,
    QuotaExceededError,
    Record,
    RegbridgeError,
    Registration,
    RejectedError,
    Request,
    RetryableError,
    Settings,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.hidden import remember
from regbridge.pipeline import NamedInstance, Pipeline, default_key
from regbridge.tracebacks import told

CLIENT = Client("apap", targets={"crm": Target("crm"), "copy": Target("copy")})
CRM, COPY = CLIENT.targets.values()
REQUEST = Request("GET", "/cvent", {})
ENDPOINT = Endpoint("CventReg", "/cvent", ("t",))


def registration(number: int = 1, **values: Any) -> Registration:
    fields = {"email": "mary.jones@example.com"}
    return Registration(number, "apap", "CventReg", Kind.REGISTRATION, "A", fields, **values)


class Base(Plugin):
    """A plugin that needs no settings and remembers what happens."""

    def __init__(
        self, journal: list[str] | None = None, answer: Any = None, name: str = ""
    ) -> None:
        super().__init__(Settings(), PluginContext(name, CLIENT, folder=None))  # type: ignore[arg-type]
        self.journal = [] if journal is None else journal
        self.answer = answer
        self.name = name

    def reply(self) -> Any:
        self.journal.append(self.name)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.journal.append(f"closed {self.name}")


class Authenticates(Base):
    @hookimpl
    def authenticate_request(self, request: Request, endpoint: Endpoint) -> Any:
        return self.reply()


class Filters(Base):
    @hookimpl
    def filter_registration(self, registration: Registration) -> Any:
        return self.reply()


class Keys(Base):
    @hookimpl
    def dedupe_key(self, registration: Registration) -> Any:
        return self.reply()


class Maps(Base):
    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Any:
        return self.reply()


class Checks(Base):
    @hookimpl
    def check_connection(self, target: Target) -> Any:
        return self.reply()


class Enriches(Base):
    """Answers by `answer(registrations)`; remembers the ids of each call."""

    batch_size = 3

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Any:
        self.journal.append(f"{self.name}{[one.id for one in registrations]}")
        return self.answer(registrations) if callable(self.answer) else self.reply()


class Delivers(TargetPlugin, Base):
    def __init__(self, *args: Any, **values: Any) -> None:
        Base.__init__(self, *args, **values)

    @hookimpl
    def deliver_records(self, records: Sequence[Record], target: Target) -> Any:
        return self.reply()


def pipeline(*plugins: Base, targets: Mapping[str, Base] | None = None) -> Pipeline:
    named = [NamedInstance(plugin.name, plugin) for plugin in plugins]
    named += [NamedInstance(name, plugin, name) for name, plugin in (targets or {}).items()]
    return Pipeline(CLIENT, named)


STAGES: Mapping[str, tuple[type[Base], Any]] = {
    "authenticate": (Authenticates, lambda p: p.authenticate(REQUEST, ENDPOINT)),
    "filter": (Filters, lambda p: p.filter(registration())),
    "dedupe": (Keys, lambda p: p.dedupe_key(registration())),
    "map": (Maps, lambda p: p.map(registration(), CRM)),
    "check": (Checks, lambda p: p.check(CRM)),
}


# Order and first results


@pytest.mark.parametrize("stage", STAGES)
def test_the_order_of_the_yaml_is_the_order_of_the_calls(stage: str) -> None:
    plugin, call = STAGES[stage]
    journal: list[str] = []
    built = pipeline(*(plugin(journal, None, name) for name in "zamb"))
    try:
        call(built)
    except RegbridgeError as error:
        assert stage in ("authenticate", "map"), error
    assert "".join(journal) == "zamb"


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("authenticate", Identity("token 2")),
        ("filter", Drop("a guest")),
        ("dedupe", "key"),
        ("map", Record({"a": 1})),
        ("map", Drop("not for the CRM")),
    ],
)
def test_the_first_result_ends_a_stage(stage: str, answer: Any) -> None:
    plugin, call = STAGES[stage]
    journal: list[str] = []
    built = pipeline(
        plugin(journal, None, "a"), plugin(journal, answer, "b"), plugin(journal, None, "c")
    )
    assert call(built) == answer
    assert journal == ["a", "b"]


def test_of_two_drops_the_first_one_is_the_reason() -> None:
    built = pipeline(Filters(answer=Drop("one"), name="a"), Filters(answer=Drop("two"), name="b"))
    assert built.filter(registration()) == Drop("one")


def test_when_nobody_vouches_for_a_request_it_is_refused() -> None:
    with pytest.raises(AuthenticationError):
        pipeline(Authenticates(name="a")).authenticate(REQUEST, ENDPOINT)
    with pytest.raises(AuthenticationError):
        pipeline().authenticate(REQUEST, ENDPOINT)


def vouching(*answers: Any) -> Pipeline:
    return pipeline(*(Authenticates(answer=each, name=str(n)) for n, each in enumerate(answers)))


def test_a_plugin_that_refuses_a_request_leaves_it_to_the_others() -> None:
    refusal = AuthenticationError("it has expired", challenge="Bearer")
    unsure = RetryableError("no keys")
    for answers in ([refusal, unsure, None], [unsure, None, refusal], [None, refusal]):
        found = vouching(*answers, Identity("token 1")).authenticate(REQUEST, ENDPOINT)
        assert found == Identity("token 1")


def test_a_request_that_nobody_can_judge_now_is_not_refused() -> None:
    """After a wrong 401 Cvent may switch the integration off."""
    unsure = RetryableError("no keys", retry_after=7)
    for answers in ([AuthenticationError("no"), unsure, None], [unsure, AuthenticationError("no")]):
        with pytest.raises(RetryableError, match="no keys") as caught:
            vouching(*answers).authenticate(REQUEST, ENDPOINT)
        assert caught.value.retry_after == 7
        assert (caught.value.client, caught.value.stage) == ("apap", "authenticate")


def test_all_reasons_of_a_refusal_are_told() -> None:
    one, two = (AuthenticationError(text, challenge="Bearer") for text in ("expired", "forged"))
    with pytest.raises(AuthenticationError) as caught:
        vouching(one, None, two).authenticate(REQUEST, ENDPOINT)
    assert (caught.value.detail, caught.value.challenge) == ("expired; forged", "Bearer")
    with pytest.raises(AuthenticationError) as caught:
        vouching(one, AuthenticationError("expired")).authenticate(REQUEST, ENDPOINT)
    assert (caught.value.detail, caught.value.challenge) == ("expired", "Bearer, Token")


@pytest.mark.parametrize(("tokens", "challenge"), [(("t",), "Token"), ((), "Bearer")])
def test_a_request_that_says_nothing_is_told_how_to_get_in(
    tokens: tuple[str, ...], challenge: str
) -> None:
    with pytest.raises(AuthenticationError) as caught:
        vouching(None).authenticate(REQUEST, Endpoint("CventReg", "/cvent", tokens))
    assert caught.value.challenge == challenge


def test_when_nobody_filters_a_registration_is_kept() -> None:
    assert pipeline().filter(registration()) is None


def test_when_nobody_maps_a_registration_it_is_rejected() -> None:
    with pytest.raises(RejectedError, match="no plugin maps registrations to the target crm"):
        pipeline(Maps(name="a")).map(registration(), CRM)


def test_a_hook_may_take_fewer_arguments() -> None:
    class Short(Base):
        @hookimpl
        def authenticate_request(self) -> Identity:
            return Identity("anybody")

        @hookimpl
        def map_registration(self, target: Target) -> Record:
            return Record({"target": target.name})

    built = pipeline(Short(name="short"))
    assert built.authenticate(REQUEST, ENDPOINT) == Identity("anybody")
    assert built.map(registration(), COPY) == Record({"target": "copy"})


def test_the_same_plugin_may_be_used_twice() -> None:
    journal: list[str] = []
    once = Filters(journal, None, "a")
    pipeline(once, Filters(journal, None, "b")).filter(registration())
    assert journal == ["a", "b"]


# Dedupe


def test_the_host_has_a_key_of_its_own() -> None:
    mine = registration(message_stub="m", subject="registration:e:i", occurrence=1, position=9)
    assert pipeline(Keys(name="a")).dedupe_key(mine) == default_key(mine)
    assert pipeline(Keys(name="a", answer="")).dedupe_key(mine) == default_key(mine)
    assert pipeline(Keys(name="a", answer="mine")).dedupe_key(mine) == "mine"


def test_the_hosts_key_tells_records_of_a_message_apart() -> None:
    def key(**values: Any) -> str:
        return default_key(registration(**values))

    same = {"message_stub": "m", "subject": "s", "occurrence": 0}
    assert key(**same, position=3) == key(**same, position=4)
    others = [
        key(**same),
        key(**same | {"occurrence": 1}),
        key(**same | {"subject": "t"}),
        key(**same | {"message_stub": "n"}),
        key(message_stub="m", position=0),
        key(message_stub="m", position=1),
        key(number=1, subject="s"),
        key(number=2, subject="s"),
    ]
    assert len(set(others)) == len(others)


# Enrichment


def patches(registrations: Sequence[Registration]) -> list[Mapping[str, Any]]:
    return [{"id": one.id} for one in registrations]


def test_a_patch_lies_under_the_name_of_its_plugin() -> None:
    built = pipeline(
        Enriches(name="cvent", answer=patches),
        Enriches(name="crm", answer=lambda rs: [{"seen": list(one.enriched)} for one in rs]),
    )
    entries = built.enrich([registration(1), registration(2)]).entries
    assert [entry.enriched for entry in entries if isinstance(entry, Registration)] == [
        {"cvent": {"id": 1}, "crm": {"seen": ["cvent"]}},
        {"cvent": {"id": 2}, "crm": {"seen": ["cvent"]}},
    ]


def test_the_batch_size_of_a_plugin_bounds_its_batches() -> None:
    journal: list[str] = []
    built = pipeline(Enriches(journal, patches, "e"))
    built.enrich([registration(number) for number in range(7)])
    assert journal == ["e[0, 1, 2]", "e[3, 4, 5]", "e[6]"]


@pytest.mark.parametrize(
    ("sizes", "together"),
    [((), 1000), ((200,), 200), ((1,), 200), ((150,), 150), ((400,), 400), ((1500,), 1000)],
)
def test_so_many_are_enriched_together_as_fill_a_call_and_no_more(
    sizes: tuple[int, ...], together: int
) -> None:
    plugins = [Enriches(name=f"e{n}") for n in range(len(sizes))]
    for plugin, size in zip(plugins, sizes, strict=True):
        plugin.batch_size = size

    assert pipeline(*plugins).whole_batches(1000) == together


def test_nobody_is_called_for_nothing() -> None:
    journal: list[str] = []
    assert pipeline(Enriches(journal, patches, "e")).enrich([]).entries == []
    assert journal == []


@pytest.mark.parametrize("answer", [None, lambda rs: [None] * len(rs)])
def test_an_enrichment_may_have_nothing_to_add(answer: Any) -> None:
    one = registration()
    found = pipeline(Enriches(name="e", answer=answer)).enrich([one])
    assert (found.entries, found.failures) == ([one], [])


def test_one_registration_fails_alone_and_is_not_asked_about_again() -> None:
    journal: list[str] = []
    wrong = RejectedError("no such attendee", field="inviteeStub")
    first = Enriches(journal, lambda rs: [{}, wrong, {}], "a")
    built = pipeline(first, Enriches(journal, patches, "b"))
    found = built.enrich([registration(1), registration(2), registration(3)])
    assert found.entries[1] is wrong
    assert (wrong.client, wrong.plugin, wrong.stage) == ("apap", "a", "enrich")
    assert found.failures == []
    assert journal == ["a[1, 2, 3]", "b[1, 3]"]


def test_a_failed_call_fails_its_batch_and_no_other() -> None:
    def answer(registrations: Sequence[Registration]) -> Any:
        if registrations[0].id == 0:
            raise RetryableError("Cvent does not answer", retry_after=7)
        return patches(registrations)

    found = pipeline(Enriches(name="cvent", answer=answer)).enrich(
        [registration(number) for number in range(5)]
    )
    (failure,) = found.failures
    assert isinstance(failure, RetryableError)
    assert (failure.plugin, failure.stage, failure.retry_after) == ("cvent", "enrich", 7)
    assert list(found.entries[:3]) == [failure] * 3
    assert all(isinstance(entry, Registration) for entry in found.entries[3:])


@pytest.mark.parametrize(
    "answer",
    [
        lambda rs: patches(rs)[:-1],
        lambda rs: [*patches(rs), {}],
        lambda rs: [3 for _ in rs],
        lambda rs: [ValueError("x") for _ in rs],
        lambda rs: [Drop("no") for _ in rs],
        lambda rs: {one.id: {} for one in rs},
        lambda rs: (patch for patch in patches(rs)),
        lambda rs: 5,
    ],
)
def test_answers_that_do_not_fit_the_batch_are_a_bug_of_the_plugin(answer: Any) -> None:
    found = pipeline(Enriches(name="cvent", answer=answer)).enrich(
        [registration(1), registration(2)]
    )
    (failure,) = found.failures
    assert isinstance(failure, PluginError)
    assert (failure.plugin, failure.stage) == ("cvent", "enrich")
    assert "cvent" in str(failure)


def test_a_plugin_cannot_change_what_another_one_found() -> None:
    def spoil(registrations: Sequence[Registration]) -> Any:
        registrations[0].enriched["a"]["id"] = 0  # type: ignore[index]

    found = pipeline(Enriches(name="a", answer=patches), Enriches(name="b", answer=spoil)).enrich(
        [registration(1)]
    )
    assert isinstance(found.entries[0], PluginError)
    assert found.entries[0].plugin == "b"


def test_enrichers_are_named_in_call_order() -> None:
    assert pipeline(Enriches(name="z"), Filters(name="f"), Enriches(name="a")).enrichers() == [
        "z",
        "a",
    ]


# Delivery


def test_only_the_targets_own_plugin_delivers() -> None:
    journal: list[str] = []
    done = [Outcome.created("1")]
    built = pipeline(
        targets={
            "copy": Delivers(journal, done, "copy"),
            "crm": Delivers(journal, done, "crm"),
        }
    )
    assert built.deliver([Record({})], CRM) == done
    assert built.deliver([Record({})], COPY) == done
    assert journal == ["crm", "copy"]
    assert built.target_plugin("crm").name == "crm"  # type: ignore[attr-defined]


def test_a_target_that_nobody_delivers_to_is_a_bug() -> None:
    with pytest.raises(PluginError, match="no plugin delivers to the target crm"):
        pipeline(targets={"copy": Delivers(name="copy")}).deliver([Record({})], CRM)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        [Outcome.created()] * 3,
        [Outcome.created(), None],
        ["created", "created"],
        iter([Outcome.created()] * 2),
        Outcome.created(),
    ],
)
def test_a_target_answers_for_every_record(answer: Any) -> None:
    built = pipeline(targets={"crm": Delivers(answer=answer, name="crm")})
    with pytest.raises(PluginError) as caught:
        built.deliver([Record({}), Record({})], CRM)
    assert (caught.value.plugin, caught.value.stage) == ("crm", "deliver")


def test_a_target_is_checked_by_its_own_plugin_and_the_rules() -> None:
    class DeliversAndChecks(Delivers):
        @hookimpl
        def check_connection(self, target: Target) -> Any:
            return self.reply()

    def finding(text: str) -> list[Finding]:
        return [Finding(Level.OK, text)]

    built = pipeline(
        Checks(answer=finding("rule"), name="rule"),
        targets={
            "crm": DeliversAndChecks(answer=finding("crm"), name="crm"),
            "copy": DeliversAndChecks(answer=finding("copy"), name="copy"),
        },
    )
    assert [found.message for found in built.check(CRM)] == ["rule", "crm"]


# Blame


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "error", [ValueError, KeyError, AssertionError, RecursionError, SystemExit]
)
def test_an_exception_becomes_an_error_that_names_its_plugin(
    stage: str, error: type[BaseException]
) -> None:
    plugin, call = STAGES[stage]
    with pytest.raises(PluginError) as caught:
        call(pipeline(plugin(answer=error("'Mary Jones' <mary.jones@example.com>"), name="ours")))
    found = caught.value
    assert (found.client, found.plugin, found.stage) == ("apap", "ours", stage)
    assert "ours" in str(found)
    assert error.__name__ in str(found)
    assert "mary" not in f"{found} {found.detail}".lower()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "error",
    [
        RejectedError("no member number", field="szUserID"),
        RetryableError("busy", retry_after=3),
        CredentialsError("no"),
        AmbiguousError("lost"),
        QuotaExceededError("used up", until=datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_error_that_a_plugin_raises_comes_out_as_it_is(
    stage: str, error: RegbridgeError
) -> None:
    plugin, call = STAGES[stage]
    with pytest.raises(type(error)) as caught:
        call(pipeline(plugin(answer=error, name="ours")))
    assert caught.value is error
    assert (error.client, error.plugin, error.stage) == ("apap", "ours", stage)


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("authenticate", "token 1"),
        ("authenticate", True),
        ("filter", False),
        ("filter", "a guest"),
        ("dedupe", 7),
        ("dedupe", b"key"),
        ("map", {"a": 1}),
        ("map", [Record({})]),
        ("check", 5),
    ],
)
def test_an_answer_of_a_wrong_type_is_a_bug_of_its_plugin(stage: str, answer: Any) -> None:
    plugin, call = STAGES[stage]
    with pytest.raises(PluginError) as caught:
        call(pipeline(plugin(answer=answer, name="ours")))
    assert (caught.value.plugin, caught.value.stage) == ("ours", stage)


@pytest.mark.parametrize("attribute", ["kind", "fields", "subject"])
def test_a_plugin_that_changes_a_registration_has_a_bug(attribute: str) -> None:
    class Changes(Base):
        @hookimpl
        def filter_registration(self, registration: Registration) -> None:
            setattr(registration, attribute, "x")

    with pytest.raises(PluginError, match="FrozenInstanceError"):
        pipeline(Changes(name="changes")).filter(registration())


# Start and end


def test_a_class_in_the_place_of_an_instance_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match=r"rule is a class; have you forgotten the \(\)\?"):
        Pipeline(CLIENT, [NamedInstance("rule", Filters)])  # type: ignore[arg-type]


def test_an_argument_that_the_hook_does_not_have_is_refused() -> None:
    class Wrong(Base):
        @hookimpl
        def filter_registration(self, registrant: Any) -> None: ...

    with pytest.raises(ConfigError, match="registrant"):
        pipeline(Wrong(name="wrong"))


def test_a_hook_that_does_not_exist_is_refused() -> None:
    class Wrong(Base):
        @hookimpl
        def filter_registrations(self, registration: Any) -> None: ...

    with pytest.raises(ConfigError, match="filter_registrations"):
        pipeline(Wrong(name="wrong"))


def test_a_pipeline_knows_what_its_plugins_can_do() -> None:
    built = pipeline(Filters(name="f"), Maps(answer=ValueError("an empty record"), name="m"))
    assert built.implements("filter_registration")
    assert not built.implements("authenticate_request")
    assert built.maps(registration(), CRM)
    assert not pipeline(Maps(name="m")).maps(registration(), CRM)


def test_every_plugin_is_closed_even_when_one_fails_to() -> None:
    class Broken(Base):
        def close(self) -> None:
            super().close()
            raise OSError("the file is gone")

    journal: list[str] = []
    pipeline(Base(journal, name="a"), Broken(journal, name="b"), Base(journal, name="c")).close()
    assert journal == ["closed a", "closed b", "closed c"]


MARY = "Mary Featherstonehaugh"


@pytest.mark.parametrize("stage", ["filter", "map", "enrich", "deliver", "authenticate"])
def test_what_a_plugin_says_about_its_bug_names_nobody_and_holds_no_secret(stage: str) -> None:
    remember("correct-horse-battery")
    bug = ValueError(f"no member is called {MARY}; the key is correct-horse-battery")
    kinds: Mapping[str, type[Base]] = {
        "filter": Filters,
        "map": Maps,
        "enrich": Enriches,
        "authenticate": Authenticates,
    }
    who = registration(1)
    who.fields["company"] = MARY  # type: ignore[index]
    request = Request("POST", "/cvent", {"authorization": f"Bearer {MARY}"})
    record = Record({"Name": [{"full": MARY}]}, delivery=1)
    delivering = Delivers(answer=bug, name="crm")
    named = (
        NamedInstance("crm", delivering, target="crm")
        if stage == "deliver"
        else NamedInstance("rules", kinds[stage](answer=bug, name="rules"))
    )
    pipeline = Pipeline(CLIENT, [named])

    with pytest.raises(PluginError) as caught:
        match stage:
            case "filter":
                pipeline.filter(who)
            case "map":
                pipeline.map(who, CRM)
            case "enrich":
                raise pipeline.enrich([who]).failures[0]
            case "authenticate":
                pipeline.authenticate(request, ENDPOINT)
            case "deliver":
                pipeline.deliver([record], CRM)

    assert caught.value.detail == "ValueError: no member is called … …; the key is ••••"
    assert "Featherstonehaugh" not in f"{caught.value}{told(caught.value)}"


def test_a_secret_that_a_plugin_puts_into_its_error_goes() -> None:
    remember("correct-horse-battery")
    error = CredentialsError("refused correct-horse-battery", detail="with correct-horse-battery")
    pipeline = Pipeline(CLIENT, [NamedInstance("crm", Delivers(answer=error), target="crm")])

    with pytest.raises(CredentialsError) as caught:
        pipeline.deliver([Record({}, delivery=1)], CRM)

    assert (str(caught.value), caught.value.detail) == ("refused ••••", "with ••••")
