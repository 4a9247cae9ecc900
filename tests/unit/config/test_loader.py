"""Loading base.yaml and a client file: what holds, where it was written, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regbridge import ConfigError
from regbridge.config.loader import (
    ClientFile,
    claimed,
    client_paths,
    load_client,
    load_host,
)

Load = Callable[..., ClientFile]
Problems = Callable[..., list[str]]


def test_a_client_file_is_laid_over_base_yaml(load: Load, minimal: str) -> None:
    base = "time_zone: America/Denver\nplugins: [cvent-token, skip-guests]\nhost: {port: 1}\n"
    client = load(minimal + "plugins: [cvent-token]\n", base)
    assert client.config.client == "apap"
    assert client.config.time_zone == "America/Denver"
    assert [plugin.use for plugin in client.config.plugins] == ["cvent-token"]
    assert "host" not in client.values


def test_every_value_knows_the_file_and_the_line_that_it_came_from(
    load: Load, minimal: str
) -> None:
    client = load(minimal, "time_zone: UTC\nplugins:\n  - cvent-token\n")
    assert client.where(("plugins", 0)) == "base.yaml:3: plugins[0]"
    assert client.where(("targets", "staging", "use")) == "clients/apap.yaml:5: targets.staging.use"


def test_a_value_that_does_not_exist_is_shown_where_it_would_be_added(
    load: Load, minimal: str
) -> None:
    client = load(minimal)
    where = client.where(("targets", "staging", "settings", "path"))
    assert where == "clients/apap.yaml:5: targets.staging.settings.path"
    assert client.where(("events",)) == "clients/apap.yaml:1: events"


def test_a_list_of_the_client_has_none_of_the_lines_of_the_list_it_replaces(
    load: Load, minimal: str
) -> None:
    client = load(minimal + "plugins: [cvent-token]\n", "plugins:\n  - a\n  - b\n  - c\n")
    assert client.where(("plugins", 2)) == "clients/apap.yaml:6: plugins[2]"


def test_secrets_are_resolved_in_the_model_and_references_in_the_values(
    load: Load, minimal: str
) -> None:
    client = load(minimal)
    endpoint = client.config.endpoints["CventReg"]
    assert endpoint.tokens[0].get_secret_value() == "hunter2hunter2"
    assert client.values["endpoints"]["CventReg"]["tokens"] == [{"env": "APAP_TOKEN"}]
    assert "hunter2" not in client.text
    assert "hunter2" not in repr(client)


def test_a_secret_file_is_looked_for_from_the_folder_of_base_yaml(
    load: Load, folder: Path, minimal: str
) -> None:
    (folder / "token.txt").write_text("from a file\n", encoding="utf-8")
    client = load(minimal.replace("env: APAP_TOKEN", "file: token.txt"))
    assert client.config.endpoints["CventReg"].tokens[0].get_secret_value() == "from a file"


# The fingerprint.


def test_order_of_keys_and_comments_do_not_change_the_fingerprint(load: Load) -> None:
    endpoints = "endpoints: {a: {path: /a, tokens: [{env: APAP_TOKEN}]}}\n"
    one = load("client: apap\ntargets: {t: {use: files, time_zone: UTC}}\n" + endpoints)
    other = load(
        "# hi\n" + endpoints + "client: apap\ntargets: {t: {time_zone: UTC, use: files}}\n"
    )
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 12


def test_where_a_value_is_written_does_not_change_the_fingerprint(load: Load, minimal: str) -> None:
    assert (
        load(minimal, "dedupe: once\n").fingerprint == load(minimal + "dedupe: once\n").fingerprint
    )


def test_another_secret_value_does_not_change_the_fingerprint(
    load: Load, minimal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load(minimal).fingerprint
    monkeypatch.setenv("APAP_TOKEN", "another")
    assert load(minimal).fingerprint == before


def test_another_mapping_changes_the_fingerprint(load: Load, minimal: str) -> None:
    mapped = "    map: {A: firstName}\n"
    text = minimal.replace("{use: files}", "\n    use: files\n") + mapped
    assert load(text).fingerprint != load(text.replace("firstName", "lastName")).fingerprint


def test_the_hosts_settings_do_not_change_the_fingerprint(load: Load, minimal: str) -> None:
    assert load(minimal).fingerprint == load(minimal, "host: {port: 1}\n").fingerprint


# What is wrong with a client file.


def test_an_unknown_key_is_named_with_the_nearest_valid_one(
    problems: Problems, minimal: str
) -> None:
    assert problems(minimal + "pluginz: []\n") == [
        "clients/apap.yaml:6: pluginz: unknown key 'pluginz'; did you mean 'plugins'?"
    ]
    assert problems(minimal.replace("use: files", "use: files, Settings: {}")) == [
        "clients/apap.yaml:5: targets.staging.Settings: unknown key 'Settings'; "
        "did you mean 'settings'?"
    ]


def test_an_unknown_key_without_a_near_one_gets_the_valid_ones(
    problems: Problems, minimal: str
) -> None:
    [problem] = problems(minimal + "events: {gala: {id: x1, colour: red}}\n")
    assert problem.endswith(
        "unknown key 'colour'; valid names are id, products, questions, time_zone"
    )


def test_a_misspelt_choice_is_named_with_the_nearest_valid_one(
    problems: Problems, minimal: str
) -> None:
    [problem] = problems(minimal.replace("use: files", "use: files, kinds: [abandonned]"))
    assert problem == (
        "clients/apap.yaml:5: targets.staging.kinds[0]: 'abandonned' is not one of the valid "
        "values; did you mean 'abandoned'?"
    )


def test_everything_that_is_wrong_is_found_at_once(problems: Problems, minimal: str) -> None:
    found = problems(
        minimal
        + "time_zone: America/NewYork\n"
        + "plugins:\n"
        + "  - {settings: {}}\n"
        + "events:\n"
        + "  gala: {id: 1234, questions: {q: {}}}\n"
        + "kinds: {X: none}\n"
        + "dedupe: []\n"
        + "host: {}\n"
    )
    places = [problem.split(": ")[0] for problem in found]
    assert places == [f"clients/apap.yaml:{line}" for line in (6, 10, 10, 11, 8, 12, 13)]
    text = "\n".join(found)
    assert "no time zone 'America/NewYork'; did you mean 'America/New_York'?" in text
    assert "plugins[0].use: use is missing" in text
    assert "events.gala.id: text was expected; write it in quotes" in text
    assert "a question is named by one of its id (a GUID), its code, its text" in text
    assert "dedupe: a mapping (key: value) was expected" in text
    assert "host: is for base.yaml alone" in text


def test_what_base_yaml_says_wrong_is_shown_in_base_yaml(problems: Problems, minimal: str) -> None:
    assert problems(minimal, "dedupe: latest\ntime_zone: Mars\n")[0].startswith(
        "base.yaml:2: time_zone: no time zone 'Mars'"
    )
    assert problems(minimal, "dedup: latest\n") == [
        "base.yaml:1: dedup: unknown key 'dedup'; did you mean 'dedupe'?"
    ]
    assert problems(minimal, "client: apap\n") == [
        "base.yaml:1: client: a client is named in its own file, not in base.yaml; remove it"
    ]


def test_both_files_are_read_before_anything_is_said(problems: Problems) -> None:
    assert [problem.split(": ")[0] for problem in problems("a: b: c\n", "- x\n")] == [
        "base.yaml:1",
        "clients/apap.yaml:1",
    ]


def test_what_is_missing_is_shown_at_the_innermost_key_that_exists(problems: Problems) -> None:
    assert problems("# a comment\nclient: apap\nendpoints:\n  a:\n    events: []\n") == [
        "clients/apap.yaml:4: endpoints.a.path: path is missing; add it",
        "clients/apap.yaml:2: targets: targets is missing; add it",
    ]


def test_an_event_that_an_endpoint_names_must_exist(problems: Problems, minimal: str) -> None:
    text = minimal.replace("tokens:", "events: [galla], tokens:")
    assert problems(text + "events: {gala: {id: x1}}\n") == [
        "clients/apap.yaml:3: endpoints.CventReg.events[0]: no event 'galla'; did you mean 'gala'?"
    ]


def test_two_events_cannot_have_one_id_whatever_the_case_of_its_letters(
    problems: Problems, minimal: str
) -> None:
    stub = "0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5"
    events = f"events:\n  one: {{id: {stub}}}\n  two: {{id: {stub.lower()}}}\n"
    assert problems(minimal + events) == [
        "clients/apap.yaml:8: events.two.id: the event 'one' has the same id; keep one of them"
    ]


@pytest.mark.parametrize(
    ("targets", "problem"),
    [
        ("  a: {use: files, after: stagng}\n", "no target 'stagng'; did you mean 'staging'?"),
        ("  a: {use: files, after: a}\n", "the target a would wait for itself"),
        (
            "  a: {use: files, after: b}\n  b: {use: files, after: c}\n"
            "  c: {use: files, after: a}\n",
            "the target a would wait for itself",
        ),
    ],
)
def test_a_target_cannot_wait_for_nobody_or_for_itself(
    problems: Problems, minimal: str, targets: str, problem: str
) -> None:
    assert problem in problems(minimal + targets)[0]


def test_a_target_may_wait_for_one_that_waits(load: Load, minimal: str) -> None:
    targets = "  a: {use: files, after: b}\n  b: {use: files, after: staging}\n"
    assert load(minimal + targets).config.targets["a"].after == "b"


def test_two_endpoints_cannot_have_one_path(problems: Problems, minimal: str) -> None:
    endpoint = "{path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}]}"
    text = minimal.replace("targets:", f"  Other: {endpoint}\ntargets:")
    assert "the endpoint 'CventReg' has the same path" in problems(text)[0]


@pytest.mark.parametrize("question", ["{id: 5F0C, code: X}", "{}", "{code: ''}", "''"])
def test_a_question_has_an_id_or_a_code(problems: Problems, minimal: str, question: str) -> None:
    events = f"events: {{gala: {{id: x1, questions: {{member: {question}}}}}}}\n"
    assert problems(minimal + events)[0].startswith(
        "clients/apap.yaml:6: events.gala.questions.member"
    )


@pytest.mark.parametrize("id_", ["00000000-0000-0000-0000-000000000000", "''", "'  '"])
def test_no_event_has_an_id_that_means_none(problems: Problems, minimal: str, id_: str) -> None:
    assert "events.gala.id: " in problems(minimal + f"events: {{gala: {{id: {id_}}}}}\n")[0]


def test_a_target_takes_at_least_one_kind(problems: Problems, minimal: str) -> None:
    text = minimal.replace("use: files", "use: files, kinds: []")
    assert problems(text)[0].startswith("clients/apap.yaml:5: targets.staging.kinds: ")


@pytest.mark.parametrize("path", ["cvent", "/a/", "//a", "/a b", "/", "/ü", "/" + "a" * 200, ""])
def test_a_path_that_no_url_matches_is_refused(problems: Problems, minimal: str, path: str) -> None:
    text = minimal.replace("path: /cvent/apap/CventReg", f'path: "{path}"')
    assert "endpoints.CventReg.path: a path is at most" in problems(text)[0]


@pytest.mark.parametrize("name", ["", "-a", "a b", "ü", "a/b", "a" * 65])
def test_a_name_that_would_not_fit_everywhere_is_refused(
    problems: Problems, minimal: str, name: str
) -> None:
    assert "a name is at most" in problems(minimal.replace("apap\n", f'"{name}"\n', 1))[0]
    assert "a name is at most" in problems(minimal.replace("staging:", f'"{name}":'))[0]


def test_a_block_with_nothing_in_it_is_refused_in_plain_words(
    problems: Problems, minimal: str
) -> None:
    assert problems(minimal + "events:\nplugins:\n") == [
        "clients/apap.yaml:6: events: a mapping (key: value) was expected",
        "clients/apap.yaml:7: plugins: a list (- item) was expected",
    ]


# Secrets.


def test_a_missing_variable_is_named_with_file_and_line(problems: Problems, minimal: str) -> None:
    assert problems(minimal.replace("APAP_TOKEN", "NOT_THERE")) == [
        "clients/apap.yaml:3: endpoints.CventReg.tokens[0]: the environment variable NOT_THERE is "
        "not set or is empty"
    ]


@pytest.mark.parametrize(
    "tokens",
    [
        "opensesame",
        "[opensesame]",
        "[{env: A, value: opensesame}]",
        "[[opensesame]]",
        "{opensesame: opensesame}",
        "[{value: opensesame}]",
    ],
)
def test_a_secret_that_is_written_where_it_must_not_be_is_refused_and_never_shown(
    load: Load, minimal: str, tokens: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(minimal.replace("[{env: APAP_TOKEN}]", tokens))
    assert caught.value.findings[0].where.startswith("clients/apap.yaml:3: endpoints.CventReg")
    assert "opensesame" not in f"{caught.value} {caught.value.findings!r} {caught.value.detail}"
    assert caught.value.__cause__ is None


# The host, the list of clients, and clients that do not load.


def test_the_host_has_defaults_and_its_database_is_in_the_folder(folder: Path) -> None:
    (folder / "base.yaml").write_text("plugins: []\n", encoding="utf-8")
    host = load_host(folder)
    assert host.config.port == 8080
    assert host.database_url == f"sqlite:///{(folder / 'regbridge.db').as_posix()}"


def test_what_is_wrong_with_the_host_is_shown_with_its_line(folder: Path) -> None:
    (folder / "base.yaml").write_text("host:\n  prot: 1\n  port: x\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_host(folder)
    assert sorted(str(finding) for finding in caught.value.findings) == [
        "base.yaml:2: host.prot: unknown key 'prot'; did you mean 'port'?",
        "base.yaml:3: host.port: a whole number was expected",
    ]


def test_a_folder_without_base_yaml_is_no_configuration(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"base.yaml:1: there is no such file"):
        load_host(folder)


def test_the_clients_are_the_yaml_files_that_are_not_cases(folder: Path) -> None:
    for name in ("b.yaml", "a.yaml", "a.cases.yaml", "notes.txt"):
        (folder / "clients" / name).touch()
    assert [path.name for path in client_paths(folder)] == ["a.yaml", "b.yaml"]
    assert client_paths(folder / "nowhere") == []


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        (
            "client: apap\nendpoints: {a: {path: /a}, b: {path: 1}, c: x}\nbad: 1\n",
            ("apap", ("/a",)),
        ),
        ("client: [x]\nendpoints: [y]\n", ("stem", ())),
        ("a: b: c\n", ("stem", ())),
    ],
)
def test_a_client_that_does_not_load_still_claims_what_can_be_read(
    folder: Path, text: str, claim: tuple[str, tuple[str, ...]]
) -> None:
    path = folder / "clients" / "stem.yaml"
    path.write_text(text, encoding="utf-8")
    assert claimed(folder, path) == claim
    (folder / "base.yaml").write_text("endpoints: {z: {path: /z}}\n", encoding="utf-8")
    name, paths = claimed(folder, path)
    assert name == claim[0]
    assert set(paths) >= set(claim[1])
    with pytest.raises(ConfigError):
        load_client(folder, path)
