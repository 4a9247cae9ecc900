"""Reading YAML: what is text, what is refused, and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.config.yaml_file import YamlFile, read_yaml
from regbridge.config.yaml_syntax import _LOOK as LOOK
from regbridge.errors import ConfigError

Read = Callable[..., YamlFile]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    monkeypatch.chdir(tmp_path)

    def read(content: str | bytes, top: type = dict) -> YamlFile:
        path = tmp_path / "x.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(path, top)

    return read


def refusal(read: Read, content: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(content)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "no", "yes", "on", "off", "y", "No", "True", "FALSE", "Null", "01234", "007", "+15551234",
        "12:30:00", "2027-01-02", "2027-01-02T10:00:00Z", "0x10", "0b1", "0o17", "1_000", "1e5",
        ".inf", ".nan", "-.inf", "<", "=", "12345678901234567890", "1.", "-x", "1.12345678901",
    ],
)  # fmt: skip
def test_what_a_planner_means_as_text_stays_text(read: Read, text: str) -> None:
    assert read(f"a: {text}\n").value == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-3", -3),
        ("12", 12),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("!!str 5", "5"),
    ],
)
def test_the_few_values_that_are_not_text(read: Read, text: str, value: Any) -> None:
    found = read(f"a: {text}\n").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_key_that_yaml_takes_for_a_boolean_is_text(read: Read) -> None:
    assert read("NO: no\non: 1\n").value == {"NO": "no", "on": 1}


def test_every_value_has_the_line_of_its_key_and_every_item_its_own(read: Read) -> None:
    file = read("# comment\na: 1\nb:\n  - x\n  - c: 2\n    d:\n      - y\n")
    assert file.lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 1): 5,
        ("b", 1, "c"): 5,
        ("b", 1, "d"): 6,
        ("b", 1, "d", 0): 7,
    }


def test_a_byte_order_mark_is_no_part_of_the_first_key(read: Read) -> None:
    assert read("\ufeffa: 1\n").value == {"a": 1}


def test_duplicate_keys_are_refused_with_both_lines_and_all_at_once(read: Read) -> None:
    assert refusal(read, "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n").splitlines() == [
        "x.yaml:4: b.c: the key 'c' is here twice; it is also on line 3; remove one of them",
        "x.yaml:5: a: the key 'a' is here twice; it is also on line 1; remove one of them",
    ]


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n"])
def test_a_tab_is_named_as_what_it_is(read: Read, text: str) -> None:
    line = text[: text.index("\t")].count("\n") + 1
    assert refusal(read, text) == f"x.yaml:{line}: a tab cannot indent YAML; use spaces"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "x.yaml:1: the file is empty; a mapping (key: value) was expected"),
        ("# nothing\n", "x.yaml:1: the file is empty; a mapping (key: value) was expected"),
        ("\n- a\n", "x.yaml:2: a mapping (key: value) was expected at the top of the file"),
        ("text", "x.yaml:1: a mapping (key: value) was expected at the top of the file"),
        ("a: 1\n1: x\n", "x.yaml:2: this key is not text; write it in quotes"),
        ("a:\n  true: x\n", "x.yaml:2: a: this key is not text; write it in quotes"),
        ("? [a]\n: x\n", "x.yaml:1: this key is not text; write it in quotes"),
        (
            "a: b: c\n",
            f"x.yaml:1: this is not valid YAML: mapping values are not allowed here; {LOOK}",
        ),
        ("a: *x\n", f"x.yaml:1: this is not valid YAML: found undefined alias 'x'; {LOOK}"),
        ("a: !!set {b}\n", "x.yaml:1: a: the tag !!set is not allowed here; leave it out"),
        ("a: !!int x\n", "x.yaml:1: a: the tag !!int is not allowed here; leave it out"),
        ("a: 1\nb: \0\n", "x.yaml:2: the character U+0000 is not allowed in YAML"),
        (b"a: 1\nb: \xe9\n", "x.yaml:2: the file is not UTF-8; save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "x.yaml:1: the file is not UTF-8; save it as UTF-8"),
        ('a: "\\UFFFFFFFF"\n', f"x.yaml:1: this is not valid YAML; {LOOK}"),
        ('a: "\\ud800"\n', "x.yaml:1: a: half a character (a lone surrogate) is no text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    read: Read, content: str | bytes, message: str
) -> None:
    assert refusal(read, content) == message


def test_a_tag_that_would_run_code_is_refused(read: Read) -> None:
    assert "the tag !!python/object/apply:os.system is not allowed" in refusal(
        read, "a: !!python/object/apply:os.system [exit]\n"
    )


def test_a_second_document_is_refused_because_it_would_be_passed_over(read: Read) -> None:
    assert "single document" in refusal(read, "a: 1\n---\nb: 2\n")


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "this is a folder"), (tmp_path / "no", "no such file")):
        with pytest.raises(ConfigError, match=message):
            read_yaml(path)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 10_000,
        "a: " + "{b: " * 10_000,
        "\n".join(" " * level + "a:" for level in range(200)),
        "- " * 10_000,
    ],
)
def test_deep_nesting_is_refused_before_it_exhausts_the_stack(read: Read, text: str) -> None:
    assert "nested too deeply" in refusal(read, text)


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a\n  b: &b {c: [*a, *b]}\n"]
)
def test_an_anchor_inside_itself_is_refused(read: Read, text: str) -> None:
    assert "an anchor leads back to itself" in refusal(read, text)


def test_a_merge_of_a_mapping_into_itself_is_refused(read: Read) -> None:
    assert "<< takes another mapping" in refusal(read, "a: &a\n  <<: *a\n  b: 1\n")


def chain(first: str, link: str) -> str:
    """Thirty anchors, each of which holds the one before it several times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{i}: &a{i} " + link.replace("*", f"*a{i - 1}") for i in range(1, 30)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text", [chain("[x, y]", "[*, *, *]"), chain("{}", "{<<: [*, *]}"), chain("{}", "{b: *, c: *}")]
)
def test_anchors_that_explode_are_refused(read: Read, text: str) -> None:
    assert "anchors expand to too much" in refusal(read, text)


def test_anchors_and_merges_may_be_used_within_reason(read: Read) -> None:
    file = read("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: {<<: [*a, {x: 9, z: 4}]}\nd: *a\n")
    assert file.value["b"] == {"x": 1, "y": 3}
    assert list(file.value["b"]) == ["x", "y"]
    assert file.value["c"] == {"x": 1, "y": 2, "z": 4}
    assert file.value["d"] is not file.value["a"]
    assert file.lines["b", "x"] == 1
    assert file.lines["b", "y"] == 4


def test_a_list_may_be_asked_for_at_the_top(read: Read) -> None:
    assert read("- a\n", list).value == ["a"]
    with pytest.raises(ConfigError, match="a list"):
        read("a: 1\n", list)


@given(st.text() | st.text("ab:-[]{}&*!|>'\"%@`#?, \n\t<~0"))
def test_no_text_does_anything_but_load_or_be_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        file = read_yaml(path)
    except ConfigError as error:
        assert all(f"{path.name}:" in finding.where for finding in error.findings)
    else:
        assert isinstance(file.value, dict)
        assert {keys for keys in file.lines if len(keys) == 1} == {(key,) for key in file.value}
