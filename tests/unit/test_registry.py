"""Names in a client's file become plugins; whatever does not fit is refused with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from regbridge import ConfigError, Kind, Plugin, Registration, TargetPlugin
from regbridge.config.loader import load_client
from regbridge.pipeline import Pipeline
from regbridge.registry import build, installed, plugin_class

CLIENT = """\
client: apap
endpoints:
  CventReg: {path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}]}
plugins:
  - cvent-token
targets:
  crm:
    use: files
    settings: {path: out.jsonl}
    map: {Email: email}
"""
HEAD = """\
from __future__ import annotations
from regbridge import *
from regbridge import hookimpl, Plugin, TargetPlugin, Settings, Drop, ConfigError, Finding, Level
"""

Build = Callable[..., Pipeline]
Refusal = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder, which is the working folder too."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("{}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("APAP_TOKEN", "hunter2")
    return tmp_path


@pytest.fixture
def made(folder: Path) -> Build:
    """Builds the pipeline of a client file; keywords are Python files beside it."""

    def made(client: str = CLIENT, **files: str) -> Pipeline:
        for name, source in files.items():
            path = folder / "clients" / f"{name}.py"
            path.write_text(HEAD + dedent(source), encoding="utf-8")
        path = folder / "clients" / "apap.yaml"
        path.write_text(client, encoding="utf-8")
        return build(load_client(folder, path))

    return made


@pytest.fixture
def refusal(made: Build) -> Refusal:
    """Does the same with what is wrong, and returns the findings in words."""

    def refusal(client: str = CLIENT, **files: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            made(client, **files)
        return [str(finding) for finding in caught.value.findings]

    return refusal


def with_rule(use: str) -> str:
    return CLIENT.replace("  - cvent-token\n", f"  - cvent-token\n  - {use}\n")


def a_registration(**fields: str) -> Registration:
    return Registration(1, "apap", "CventReg", Kind.REGISTRATION, "A", fields)


# What fits


def test_a_client_is_built_in_the_order_of_its_file(made: Build) -> None:
    client = CLIENT.replace("- cvent-token", "- skip-guests\n  - cvent-token\n  - only-events")
    client += "events: {a: {id: x}}\n"
    names = [named.name for named in made(client).plugins]
    assert names == ["skip-guests", "cvent-token", "only-events", "latest", "yaml-map", "crm"]


def test_a_plugin_that_is_used_twice_has_two_names(made: Build) -> None:
    client = CLIENT.replace("- cvent-token", "- cvent-token\n  - skip-guests\n  - skip-guests")
    names = [named.name for named in made(client).plugins]
    assert names[:3] == ["cvent-token", "skip-guests", "skip-guests-2"]


def test_the_pipeline_carries_the_configuration_that_it_was_made_of(made: Build) -> None:
    first = made()
    second = made(CLIENT.replace("Email: email", "Mail: email"))
    assert first.client.name == "apap"
    assert first.client.endpoints["CventReg"].tokens == ("hunter2",)
    assert first.fingerprint != second.fingerprint
    assert "hunter2" not in first.text


def test_what_a_client_file_says_reaches_the_plugins(made: Build) -> None:
    client = made(
        CLIENT + "time_zone: America/Chicago\n"
        "kinds: {OrderCreated: order}\n"
        "events:\n"
        "  one: {id: 0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5, questions: {member: {code: M}}}\n"
        "  two: {id: opaque-ID, time_zone: UTC}\n"
    ).client
    assert client.events["one"].id == "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
    assert client.events["one"].time_zone == "America/Chicago"
    assert client.events["one"].questions["member"].code == "M"
    assert (client.events["two"].id, client.events["two"].time_zone) == ("opaque-ID", "UTC")
    assert client.kinds == {"OrderCreated": Kind.ORDER}
    assert client.targets["crm"].map == {"Email": "email"}


RULE = """
    class NoFreeMail(Plugin):
        @hookimpl
        def filter_registration(self, registration: Registration) -> Drop | None:
            return Drop("free mail") if "gmail" in registration.fields["email"] else None
"""


def test_a_python_file_beside_the_client_file_is_a_plugin(made: Build) -> None:
    for use in ("./rules.py", "rules.py", "rules.py:NoFreeMail"):
        found = made(with_rule(use), rules=RULE).filter(a_registration(email="a@gmail.com"))
        assert found is not None
        assert found.reason == "free mail"


def test_a_python_file_may_have_settings_and_dataclasses(made: Build) -> None:
    rules = """
        from dataclasses import dataclass, KW_ONLY

        @dataclass
        class Words:
            _: KW_ONLY
            reason: str = "x"

        class Choice(Settings):
            nested: Inner | None = None
            word: str = "gmail"

        class Inner(Settings):
            depth: int = 0

        class NoFreeMail(Plugin):
            settings_model = Choice

            @hookimpl
            def filter_registration(self, registration):
                return Drop(Words(reason=self.settings.word).reason)
    """
    client = with_rule("{use: rules.py, settings: {word: post, nested: {depth: 1}}}")
    found = made(client, rules=rules).filter(a_registration())
    assert found is not None
    assert found.reason == "post"


def test_a_module_that_can_be_imported_has_plugins(made: Build, folder: Path) -> None:
    (folder / "acme_rules.py").write_text(HEAD + dedent(RULE), encoding="utf-8")
    assert made(with_rule("acme_rules:NoFreeMail")).plugins[1].name == "NoFreeMail"


def test_two_targets_of_one_class_are_two_instances(made: Build) -> None:
    client = CLIENT + "  copy: {use: files, settings: {path: b.jsonl}, map: {Email: email}}\n"
    built = made(client)
    assert built.target_plugin("crm") is not built.target_plugin("copy")
    assert isinstance(built.target_plugin("copy"), TargetPlugin)


def test_a_plugin_of_the_client_may_map_in_the_place_of_yaml_map(made: Build) -> None:
    rules = """
        from regbridge import Record

        class Ours(Plugin):
            @hookimpl
            def map_registration(self, registration):
                return Record({"ours": 1})
    """
    client = with_rule("rules.py").replace("    map: {Email: email}\n", "")
    built = made(client, rules=rules)
    assert built.map(a_registration(), built.client.targets["crm"]).fields == {"ours": 1}  # type: ignore[union-attr]


# What is refused


def test_an_unknown_plugin_is_refused_with_the_nearest_name(refusal: Refusal) -> None:
    (found,) = refusal(with_rule("skip-guest"))
    assert (
        found == "clients/apap.yaml:6: plugins[1]: no plugin 'skip-guest'; "
        "did you mean 'skip-guests'?"
    )


def test_an_unknown_target_is_refused_at_its_line(refusal: Refusal) -> None:
    (found,) = refusal(CLIENT.replace("use: files", "use: filez"))
    assert found.startswith("clients/apap.yaml:")
    assert "targets.crm" in found
    assert "did you mean 'files'?" in found


def test_an_unknown_setting_is_refused_with_the_nearest_name(refusal: Refusal) -> None:
    (found,) = refusal(CLIENT.replace("{path: out.jsonl}", "{path: out.jsonl, fromat: csv}"))
    assert found == (
        "clients/apap.yaml:9: targets.crm.settings.fromat: unknown key 'fromat'; "
        "did you mean 'format'?"
    )


def test_all_findings_of_a_file_come_at_once(refusal: Refusal) -> None:
    client = CLIENT.replace("path: out.jsonl", "pth: out.jsonl")
    client = client.replace(
        "- cvent-token", "- cvent-tokn\n  - {use: skip-guests, settings: {a: 1}}"
    )
    found = refusal(client + "dedupe: latst\nmapping: yaml-mpa\n")
    words = ["'cvent-token'", "key 'a'", "'latest'", "'yaml-map'", "key 'pth'", "path is missing"]
    assert [sum(word in finding for finding in found) for word in words] == [1] * 6
    assert all(finding.startswith("clients/apap.yaml:") for finding in found)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "class P(Plugin):\n    @hookimpl\n    def filter_registratoin(self, registration): ...",
            "there is no hook 'filter_registratoin'; did you mean 'filter_registration'?",
        ),
        (
            "class P(Plugin):\n    @hookimpl(specname='filter')\n    def f(self): ...",
            "there is no hook 'filter'",
        ),
        (
            "class P(Plugin):\n    def filter_registration(self, registration): ...",
            "filter_registration is not marked; put @hookimpl above it",
        ),
        (
            "class P(Plugin):\n    @hookimpl\n    def filter_registration(self, registraton): ...",
            "filter_registration has no argument 'registraton'; did you mean 'registration'?",
        ),
        (
            "class P(Plugin):\n    @hookimpl\n    def dedupe_key(self, registration, target): ...",
            "dedupe_key has no argument 'target'",
        ),
        (
            "class P(Plugin):\n    def __init__(self, settings, context):\n        1 / 0",
            "fails to start: ZeroDivisionError",
        ),
        ("class P:\n    pass", "the class './bad.py:P' is no plugin; derive it from regbridge"),
        ("P = 3", "'./bad.py:P' is int, not a class"),
        ("def P(settings, context): ...", "'./bad.py:P' is function, not a class"),
        ("class PP(Plugin): ...", "there is no 'P' in it; did you mean 'PP'?"),
        ("raise ValueError('at import')", "cannot be loaded: ValueError: at import"),
        ("import no_such_module_at_all", "cannot be loaded: ModuleNotFoundError"),
        ("class P(Plugin", "cannot be loaded: SyntaxError"),
        ("raise SystemExit(3)", "cannot be loaded: SystemExit"),
    ],
)
def test_a_plugin_that_does_not_fit_is_refused_with_the_remedy(
    refusal: Refusal, source: str, says: str
) -> None:
    (found,) = refusal(with_rule("./bad.py:P"), bad=source)
    assert found.startswith("clients/apap.yaml:6: plugins[1]: ")
    assert says in found


@pytest.mark.parametrize("option", ["tryfirst", "trylast", "wrapper", "hookwrapper"])
def test_a_plugin_that_asks_for_a_place_of_its_own_is_refused(
    refusal: Refusal, option: str
) -> None:
    source = f"""
        class P(Plugin):
            @hookimpl({option}=True)
            def filter_registration(self, registration):
                yield
    """
    (found,) = refusal(with_rule("bad.py"), bad=source)
    assert "filter_registration asks for a place of its own" in found
    assert "the order of the client's file is the call order" in found


def test_an_instance_in_the_place_of_a_class_is_refused(refusal: Refusal) -> None:
    source = """
        class P(Plugin): ...
        p = P(None, None)
    """
    (found,) = refusal(with_rule("bad.py:p"), bad=source)
    assert "'bad.py:p' is P, not a class; name the class itself" in found


def test_a_file_with_two_plugins_must_be_told_which(refusal: Refusal) -> None:
    (found,) = refusal(
        with_rule("bad.py"), bad="class A(Plugin): ...\nclass B(Plugin): ...".strip()
    )
    assert "the file defines 2 plugins; write file.py:Class" in found


def test_a_file_that_is_not_there_is_refused(refusal: Refusal) -> None:
    (found,) = refusal(with_rule("./none.py"))
    assert "there is no file none.py beside the client's file" in found


def test_a_module_that_is_not_there_is_refused(refusal: Refusal) -> None:
    (found,) = refusal(with_rule("no_such_module_at_all:P"))
    assert "cannot be loaded: ModuleNotFoundError" in found


def test_a_constructor_says_what_is_wrong_with_its_settings_and_where(refusal: Refusal) -> None:
    source = """
        class P(Plugin):
            def __init__(self, settings, context):
                raise ConfigError([
                    Finding(Level.ERROR, "too odd", path=(*context.path, "settings")),
                    Finding(Level.ERROR, "too even"),
                ])
    """
    found = refusal(with_rule("bad.py"), bad=source)
    assert found == [
        "clients/apap.yaml:6: plugins[1].settings: too odd",
        "clients/apap.yaml:6: plugins[1]: too even",
    ]


def test_a_target_among_the_plugins_is_refused(refusal: Refusal) -> None:
    (found,) = refusal(with_rule("{use: files, settings: {path: a.jsonl}}"))
    assert "the plugin 'files' is a target; move it to the block targets:" in found


def test_a_rule_among_the_targets_is_refused(refusal: Refusal) -> None:
    (found,) = refusal(CLIENT.replace("use: files", "use: skip-guests"))
    assert "the plugin 'skip-guests' delivers nothing" in found


def test_a_client_without_authentication_is_refused(refusal: Refusal) -> None:
    (found,) = refusal(CLIENT.replace("cvent-token", "skip-guests"))
    assert "no plugin authenticates requests; add cvent-token to plugins" in found


OAUTH = """
  - use: cvent-oauth
    settings: {issuer: https://login.example.org, audience: api}
"""
TOKENS = ", tokens: [{env: APAP_TOKEN}]"


def test_an_endpoint_that_nobody_could_get_into_is_refused(refusal: Refusal) -> None:
    for client in (CLIENT.replace(TOKENS, ""), CLIENT.replace(TOKENS, ", tokens: []")):
        (found,) = refusal(client)
        assert found == (
            "clients/apap.yaml:3: endpoints.CventReg: the endpoint has no tokens, so nobody could "
            "get in; give it tokens:, or add cvent-oauth to plugins"
        )


def test_an_endpoint_needs_no_tokens_behind_a_plugin_that_needs_none(made: Build) -> None:
    alone = CLIENT.replace(TOKENS, "").replace("  - cvent-token\n", OAUTH.lstrip("\n"))
    assert made(alone).client.endpoints["CventReg"].tokens == ()


def test_tokens_and_oauth_may_stand_beside_each_other(made: Build) -> None:
    both = CLIENT.replace("  - cvent-token\n", "  - cvent-token" + OAUTH)
    assert len(made(both).client.endpoints["CventReg"].tokens) == 1
    assert made(both.replace(TOKENS, "")).client.endpoints["CventReg"].tokens == ()


def test_tokens_that_no_plugin_looks_at_are_refused(refusal: Refusal) -> None:
    (found,) = refusal(CLIENT.replace("  - cvent-token\n", OAUTH.lstrip("\n")))
    assert found == (
        "clients/apap.yaml:3: endpoints.CventReg.tokens: no plugin looks at the tokens of this "
        "endpoint; add cvent-token to plugins, or remove tokens:"
    )


def test_a_target_that_nobody_maps_to_is_refused(refusal: Refusal) -> None:
    (found,) = refusal(CLIENT.replace("    map: {Email: email}\n", ""))
    assert "clients/apap.yaml:7: targets.crm: no plugin maps anything to this target" in found


def test_a_target_named_like_a_plugin_that_enriches_is_refused(refusal: Refusal) -> None:
    source = """
        class P(Plugin):
            @hookimpl
            def enrich_registrations(self, registrations):
                return None
    """
    (found,) = refusal(with_rule("crm.py"), crm=source)
    assert "targets.crm: the target crm is named like a plugin that enriches" in found
    assert "rename the target" in found


def test_what_was_started_is_closed_when_the_client_is_refused(
    refusal: Refusal, folder: Path
) -> None:
    source = """
        from pathlib import Path

        class P(Plugin):
            def close(self):
                Path("closed").touch()
                raise OSError("and fails")
    """
    found = refusal(with_rule("bad.py").replace("use: files", "use: filez"), bad=source)
    assert ["did you mean 'files'?" in finding for finding in found] == [True]
    assert (folder / "closed").exists()


# The installed ones


def test_the_bundled_plugins_are_installed_like_anybodys() -> None:
    assert {"cvent-token", "files", "latest", "once", "skip-guests", "yaml-map"} <= set(installed())


def test_a_name_leads_to_its_class(tmp_path: Path) -> None:
    found = plugin_class("skip-guests", tmp_path)
    assert issubclass(found, Plugin)
    assert found.__name__ == "SkipGuests"
