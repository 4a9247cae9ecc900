"""Who runs after client files were changed, all of them looked at together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client_folder import Folder

from regbridge.roster import read_roster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.setenv("ROSTER_TOKEN", "hunter2")
    folder = Folder(tmp_path / "configs")
    yield folder
    folder.close()


def test_what_did_not_change_goes_on_as_it_is(folder: Folder) -> None:
    folder.write("apap")
    before = folder.read()
    folder.write("acme")

    after = folder.read()

    assert after.made["apap"] is before.made["apap"]
    assert [made.name for made in after.new_since(before)] == ["acme"]
    assert after.made["acme"].since == folder.now


@pytest.mark.parametrize("change", ["# a comment\n", "\n\n", "time_zone: UTC\nreconcile: null\n"])
def test_a_change_that_means_nothing_restarts_nothing(folder: Folder, change: str) -> None:
    folder.base("plugins: [cvent-token]\ntime_zone: UTC\nreconcile: null\n")
    folder.write("apap")
    before = folder.read()
    folder.write("apap", extra=change)

    after = folder.read()

    assert after.made["apap"].pipeline is before.made["apap"].pipeline
    assert after.made["apap"].since == before.made["apap"].since


@pytest.mark.parametrize(
    "wrong", [{"use": "filez"}, {"extra": "pluginz: []\n"}, {"extra": "\tplugins: []\n"}]
)
def test_a_change_with_findings_is_refused_and_what_runs_goes_on(
    folder: Folder, wrong: dict[str, str]
) -> None:
    folder.write("apap")
    before = folder.read()
    folder.write("apap", path="/other", **wrong)

    after = folder.read()

    assert after.made == before.made
    [refused] = after.refused
    assert (refused.name, refused.goes_on, refused.since) == ("apap", True, folder.now)
    assert folder.who_has("/apap") == ["apap"]


def test_a_refusal_is_the_same_one_until_the_file_is_touched_again(folder: Folder) -> None:
    folder.write("apap")
    folder.read()
    folder.write("apap", use="filez")
    [first] = folder.read().refused
    folder.write("acme")

    [again] = folder.read().refused
    assert again is first

    folder.write("apap", use="filez")
    [touched] = folder.read().refused
    assert touched.since == folder.now > first.since


def test_a_refused_change_that_is_taken_back_leaves_nothing(folder: Folder) -> None:
    folder.write("apap")
    before = folder.read()
    folder.write("apap", use="filez")
    folder.read()
    folder.write("apap")

    after = folder.read()

    assert after.refused == ()
    assert after.made["apap"].pipeline is before.made["apap"].pipeline


def test_a_refused_change_stays_refused_when_another_file_changes(folder: Folder) -> None:
    folder.write("apap")
    folder.read()
    folder.write("apap", use="filez")
    folder.read()
    folder.write("acme")

    assert [refused.name for refused in folder.read().refused] == ["apap"]


def test_a_new_file_with_findings_does_not_start_and_stops_nobody(folder: Folder) -> None:
    folder.write("apap")
    folder.read()
    folder.write("acme", use="filez")

    [refused] = folder.read().refused

    assert (refused.name, refused.goes_on) == ("acme", False)
    assert sorted(folder.roster.made) == ["apap"]


def test_two_clients_that_exchange_their_paths_do_so_at_once(folder: Folder) -> None:
    folder.write("a", path="/one")
    folder.write("b", path="/two")
    folder.read()
    folder.write("a", path="/two")
    folder.write("b", path="/one")

    folder.read()

    assert folder.wrong() == {}
    assert folder.who_has("/one", "/two") == ["b", "a"]


@pytest.mark.parametrize("broken", ["a", "b"])
def test_neither_takes_the_others_path_while_one_of_them_is_wrong(
    folder: Folder, broken: str
) -> None:
    folder.write("a", path="/one")
    folder.write("b", path="/two")
    folder.read()
    folder.write("a", path="/two", use="filez" if broken == "a" else "files")
    folder.write("b", path="/one", use="filez" if broken == "b" else "files")

    folder.read()
    assert folder.who_has("/one", "/two") == ["a", "b"]
    assert sorted(folder.wrong()) == ["a", "b"]

    folder.write(broken, path="/two" if broken == "a" else "/one")
    folder.read()
    assert folder.who_has("/one", "/two") == ["b", "a"]
    assert folder.wrong() == {}


def test_a_path_that_goes_round_three_clients_is_taken_over_as_a_whole(folder: Folder) -> None:
    ring = {"a": "/one", "b": "/two", "c": "/three"}
    for name, path in ring.items():
        folder.write(name, path=path)
    folder.read()
    for name, path in zip(ring, ["/two", "/three", "/one"], strict=True):
        folder.write(name, path=path)

    folder.read()

    assert folder.who_has("/one", "/two", "/three") == ["c", "a", "b"]


def test_who_claims_the_path_of_one_that_runs_is_refused(folder: Folder) -> None:
    folder.write("b", path="/one")
    folder.read()
    folder.write("a", path="/one")

    folder.read()

    assert folder.who_has("/one") == ["b"]
    assert "b.yaml already has an endpoint at /one" in folder.wrong()["a"]


def test_a_copy_of_a_client_file_is_refused_whatever_its_name(folder: Folder) -> None:
    folder.write("apap")
    folder.read()
    for copy in ("a-copy", "z-copy"):
        folder.write(copy, name="apap", path="/apap")

    folder.read()

    assert sorted(refused.file.stem for refused in folder.roster.refused) == ["a-copy", "z-copy"]
    assert folder.roster.made["apap"].file.stem == "apap"


def test_a_file_that_is_renamed_goes_on_as_the_same_client(folder: Folder) -> None:
    folder.write("apap")
    before = folder.read()
    folder.delete("apap")
    folder.write("renamed", name="apap", path="/apap")

    after = folder.read()

    assert (after.refused, after.gone) == ((), {})
    assert after.made["apap"].pipeline is before.made["apap"].pipeline
    assert after.made["apap"].file.stem == "renamed"


def test_a_file_that_is_renamed_and_wrong_lets_its_client_go_on(folder: Folder) -> None:
    folder.write("apap")
    before = folder.read()
    folder.delete("apap")
    folder.write("renamed", name="apap", use="filez")

    after = folder.read()

    assert after.made["apap"].pipeline is before.made["apap"].pipeline
    assert [(refused.name, refused.goes_on) for refused in after.refused] == [("apap", True)]
    assert after.gone == {}


def test_a_client_without_a_file_goes_on_until_it_has_one_again(folder: Folder) -> None:
    folder.write("apap")
    before = folder.read()
    folder.delete("apap")

    after = folder.read()
    assert after.gone == {"apap": folder.now}
    assert folder.who_has("/apap") == ["apap"]
    gone_at = folder.now
    assert folder.read().gone == {"apap": gone_at}

    folder.write("apap")
    assert folder.read().gone == {}
    assert folder.roster.made["apap"].pipeline is before.made["apap"].pipeline


def test_a_client_that_gets_another_name_takes_the_path_and_the_old_one_ends_its_work(
    folder: Folder,
) -> None:
    folder.write("file", name="apap", path="/one")
    folder.read()
    folder.write("file", name="acme", path="/one")
    for _ in range(2):
        folder.read()

        assert sorted(folder.roster.made) == ["acme", "apap"]
        assert list(folder.roster.gone) == ["apap"]
        assert folder.who_has("/one") == ["acme"]

    folder.write("file", name="apap", path="/one")
    folder.read()
    assert list(folder.roster.gone) == ["acme"]
    assert folder.who_has("/one") == ["apap"]


@pytest.mark.parametrize("other", ["acme", "zulu"])
def test_a_client_that_comes_back_does_not_take_a_path_that_another_has_now(
    folder: Folder, other: str
) -> None:
    folder.write("apap", path="/one")
    folder.read()
    folder.delete("apap")
    folder.write(other, path="/one")
    folder.read()
    folder.write("apap", path="/one")
    for _ in range(2):
        folder.read()

        assert folder.who_has("/one") == [other]
        assert f"{other}.yaml already has an endpoint at /one" in folder.wrong()["apap"]
    folder.write(other, path="/two")

    folder.read()

    assert folder.who_has("/one", "/two") == ["apap", other]


def test_a_change_of_base_yaml_reaches_every_client_that_it_changes(folder: Folder) -> None:
    folder.write("apap")
    folder.write("acme", extra="time_zone: Europe/Berlin\n")
    before = folder.read()
    folder.base("plugins: [cvent-token]\ntime_zone: America/New_York\n")

    after = folder.read()

    assert [made.name for made in after.new_since(before)] == ["apap"]
    assert after.made["apap"].pipeline.client.time_zone == "America/New_York"


def test_a_base_yaml_that_is_wrong_lets_everybody_go_on(folder: Folder) -> None:
    folder.write("apap")
    folder.write("acme")
    before = folder.read()
    folder.base("pluginz: []\n")

    after = folder.read()

    assert after.made.keys() == before.made.keys()
    assert after.new_since(before) == []
    assert [refused.goes_on for refused in after.refused] == [True, True]
    (folder.path / "base.yaml").unlink()
    assert folder.read().new_since(before) == []


def test_a_secret_file_that_changed_is_a_change(folder: Folder) -> None:
    token = folder.path / "token"
    folder.put(token, "first")
    folder.write("apap")
    text = (folder.clients / "apap.yaml").read_text(encoding="utf-8")
    folder.put(folder.clients / "apap.yaml", text.replace("{env: ROSTER_TOKEN}", "{file: token}"))
    before = folder.read()
    folder.put(token, "other")

    after = folder.read()

    assert after.made["apap"].pipeline.client.endpoints["CventReg"].tokens == ("other",)
    assert after.made["apap"].pipeline.fingerprint == before.made["apap"].pipeline.fingerprint
    token.unlink()
    assert "cannot be read" in str(folder.read().refused[0].error)
    folder.put(token, "other")
    assert folder.read().refused == ()


PLUGIN = """
from regbridge import Drop, Plugin, hookimpl


class Own(Plugin):
    @hookimpl
    def filter_registration(self, registration):
        return Drop("{}")
"""


def test_a_plugin_file_that_changed_is_a_change(folder: Folder) -> None:
    folder.put(folder.clients / "own.py", PLUGIN.format("first"))
    folder.write("apap", extra="plugins: [cvent-token, ./own.py]\n")
    before = folder.read()
    for reason in ("other", "third"):  # as long as the first, and within the same second
        folder.put(folder.clients / "own.py", PLUGIN.format(reason))
        after = folder.read()
        [own] = [n.plugin for n in after.made["apap"].pipeline.plugins if n.name == "own"]
        assert own.filter_registration(None).reason == reason  # type: ignore[attr-defined]
    folder.put(folder.clients / "own.py", "1 / 0")

    assert "ZeroDivisionError" in str(folder.read().refused[0].error)
    assert folder.roster.made["apap"].pipeline is after.made["apap"].pipeline
    assert before.made["apap"].pipeline is not after.made["apap"].pipeline
    folder.put(folder.clients / "own.py", PLUGIN.format("third"))
    assert folder.read().refused == ()
    assert folder.roster.made["apap"].pipeline is after.made["apap"].pipeline


CASES = """
- name: somebody's secret-looking value
  payload: {eventStub: a, inviteeStub: b, email: mary@example.com}
  expect: {records: {crm: {Email: mary@example.com}}}
"""


def test_a_change_that_fails_a_case_is_refused_until_the_cases_are_right(folder: Folder) -> None:
    folder.put(folder.clients / "apap.cases.yaml", CASES)
    folder.write("apap")
    before = folder.read()
    text = (folder.clients / "apap.yaml").read_text(encoding="utf-8")
    folder.put(folder.clients / "apap.yaml", text.replace("Email: email", "Mail: email"))

    [refused] = folder.read().refused

    assert "apap.cases.yaml:2: a case comes out otherwise than it expects" in str(refused.error)
    assert "mary" not in str(refused.error)
    assert folder.roster.new_since(before) == []
    folder.put(folder.clients / "apap.cases.yaml", CASES.replace("{Email:", "{Mail:"))
    assert [made.name for made in folder.read().new_since(before)] == ["apap"]


def test_a_client_that_does_not_run_yet_starts_as_it_would_at_a_start(folder: Folder) -> None:
    folder.put(folder.clients / "apap.cases.yaml", CASES.replace("{Email:", "{Mail:"))
    folder.write("apap")

    assert folder.read().refused == ()


NAMES = ("a", "b", "c")
PATHS = ("/one", "/two", "/three")
EDITS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([*NAMES, "delete", "broken", "no yaml"]),
        st.sampled_from(PATHS),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=15)
@given(EDITS)
def test_whatever_is_edited_no_path_has_two_clients_and_what_is_right_holds(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, str, str, bool]]
) -> None:
    os.environ["ROSTER_TOKEN"] = "hunter2"
    folder = Folder(tmp_path_factory.mktemp("edits") / "configs")
    for file, what, path, reads in edits:
        if what == "delete":
            folder.delete(file)
        elif what == "no yaml":
            folder.put(folder.clients / f"{file}.yaml", "client: [")
        else:
            use = "filez" if what == "broken" else "files"
            folder.write(file, name=file if what == "broken" else what, path=path, use=use)
        if reads:
            ran = set(folder.roster.made)
            folder.read()
            assert ran <= set(folder.roster.made)  # nobody is ever stopped
            defined = [m for n, m in folder.roster.made.items() if n not in folder.roster.gone]
            paths = [path for made in defined for path in made.paths]
            assert len(paths) == len(set(paths))
    after = folder.read()
    fresh = read_roster(folder.path)
    if not fresh.refused:
        assert not after.refused
        assert after.made.keys() - after.gone.keys() == fresh.made.keys()
        for name, made in fresh.made.items():
            assert after.made[name].identity == made.identity
            assert after.made[name].file == made.file
            assert folder.who_has(*made.paths) == [name]
    again = folder.read()
    assert again.new_since(after) == []
    assert [id(each) for each in again.refused] == [id(each) for each in after.refused]
    folder.close()
