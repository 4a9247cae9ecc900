"""What the reference has from the code is what the code says now, and leaves nothing out."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from docs.generate import public, settings
from docs.generate.blocks import PAGES, ROOT, names, renewed
from docs.generate.distributions import declared
from docs.generate.ledger import MARKS, models, words
from docs.generate.said import said_in
from docs.generate.texts import collected
from tests.page_blocks import blocks

from regbridge.remedies import remedies, remedy_of
from regbridge.store.sealing import PLACES

AGAIN = "run `python -m docs.generate` and look at what changed"
GENERATED = [page for page in PAGES if names(page.read_text(encoding="utf-8"))]
PYTHON = ROOT / "docs/reference/python.md"


def test_the_pages_that_the_code_writes_are_found() -> None:
    assert {page.stem for page in GENERATED} >= {"errors", "ledger", "python", "settings", "hooks"}


@pytest.mark.parametrize(
    "page", [page for page in GENERATED if page != PYTHON], ids=lambda page: page.stem
)
def test_a_page_has_what_the_code_says_now(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, AGAIN


def test_the_public_names_and_signatures_are_those_of_the_reference() -> None:
    text = PYTHON.read_text(encoding="utf-8")
    assert renewed(text) == text, (
        f"the public API changed: {AGAIN}; docs/reference/compatibility.md says what that means "
        "for the version, and CHANGELOG.md is where it belongs"
    )


@pytest.mark.parametrize("name", public.module_names())
def test_every_public_name_of_a_module_is_in_the_reference(name: str) -> None:
    text = PYTHON.read_text(encoding="utf-8")
    part = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^### (.+)$", part, re.MULTILINE)
    assert found == public.public_names(importlib.import_module(name))


def test_every_plugin_of_the_repository_has_its_settings_on_the_page() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    plugins = [plugin.entry.name for plugin in declared("regbridge.plugins")]
    assert len(plugins) > 10
    assert [name for name in plugins if f"\n### {name}\n" not in page] == []


@pytest.mark.parametrize(
    "plugin", declared("regbridge.plugins"), ids=lambda plugin: str(plugin.entry.name)
)
def test_every_plugin_has_an_example_and_every_setting_a_meaning(plugin: object) -> None:
    [found] = [each for each in declared("regbridge.plugins") if each == plugin]
    name = found.entry.name
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    part = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert re.search(rf"```yaml\n.*\b{name}\b", part, re.DOTALL), "show an example in YAML"
    rows = re.findall(r"^\| `.*$", part, re.MULTILINE)
    assert [row for row in rows if re.search(r"\| \|$", row)] == [], "give Field a description"
    assert bool(rows) == bool(found.load().settings_model.model_fields)


def test_a_package_of_its_own_shows_an_example() -> None:
    own = [each for each in declared("regbridge.plugins") if each.distribution != "regbridge"]
    assert [each.entry.name for each in own if not settings.example_of(each)] == []


def test_every_column_of_the_ledger_has_words_and_no_words_are_left_over() -> None:
    columns = {
        name: [column.name for column in model.metadata.tables[name].columns]
        for name, model in models().items()
    }
    described = words()
    assert {name: sorted(each) for name, each in described.items()} == {
        name: sorted(each) for name, each in columns.items()
    }


def test_what_can_be_encrypted_is_called_personal() -> None:
    described = words()
    sealed = [(table, column) for table, place in PLACES.items() for column in place.columns]
    assert sealed
    assert {described[table][column].partition(":")[0] for table, column in sealed} == {"personal"}
    assert {"personal", "id"} < MARKS.keys()


def test_every_remedy_of_something_parked_is_on_the_page() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    assert [text for _, text in remedies() if text not in page] == []
    assert remedy_of("") in page


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("the endpoint has no tokens, so nobody could get in", "give it tokens:"),
        ("the ledger is damaged: …", "stop the service and `regbridge restore` a backup"),
        ("no client …", "the nearest valid name"),
        ("a case expects either drop, records or error", ""),
    ],
)
def test_a_text_of_the_code_is_listed_with_its_remedy(text: str, remedy: str) -> None:
    found = [said.remedy for said in collected("core/regbridge") if said.text == text]
    assert found
    assert any(each.startswith(remedy) for each in found)


def test_a_text_that_is_handed_on_is_found_where_it_is_written(tmp_path: Path) -> None:
    source = "def _refuse(text, remedy):\n    return Finding(Level.ERROR, text, remedy=remedy)\n"
    calls = 'def check() -> None:\n    _refuse(f"the class {name!r} is no plugin", "derive it")\n'
    module = tmp_path / "module.py"
    module.write_text(f'"""Checks."""\n{source}{calls}', encoding="utf-8")
    [said] = said_in(module)
    assert (said.text, said.remedy) == ("the class … is no plugin", "derive it")


def test_a_page_that_was_edited_by_hand_is_put_right() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    spoilt = text.replace("the reason says", "somebody says")
    assert spoilt != text
    assert renewed(spoilt) == text


def test_every_example_of_a_setting_is_a_block_that_a_test_builds() -> None:
    shown = [block for block in blocks("yaml") if block.page == "docs/reference/settings.md"]
    bundled = [each for each in declared("regbridge.plugins") if each.distribution == "regbridge"]
    assert len([block for block in shown if not block.generated]) == len(bundled)
