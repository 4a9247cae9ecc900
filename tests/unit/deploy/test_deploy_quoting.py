"""A value that is quoted stands for itself, whatever is in it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from regbridge.deploy import quoting
from regbridge.deploy.rendering import _templates
from regbridge.deploy.variables import _unquoted

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn")), max_size=40)
QUOTE = "['\u2018\u2019\u201a\u201b]"
HOSTILE = [
    "", "a b", "it's", '"', "\\", "$(reboot)", "%PATH%", "`n", "&amp;", "<!--", "]]>", "\u2019",
    "a;b", "{{ x }}", "${a}", "%h", "C:\\x\\", "''", "*", "#", "$$", "%%", "\u00fcml\u00e4ut",
]  # fmt: skip


def every(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test with what is hostile, and with what nobody thought of."""
    decorated: Any = given(value=st.sampled_from(HOSTILE) | PRINTABLE)(test)
    return decorated  # type: ignore[no-any-return]


@every
def test_xml_reads_back_the_value(value: str) -> None:
    quoted = quoting.xml(value)
    element = etree.fromstring(f'<a b="{quoted}">{quoted}</a>'.encode())
    assert (element.get("b"), element.text or "") == (value, value)


@every
def test_powershell_reads_back_the_value(value: str) -> None:
    quoted = quoting.powershell(value)
    assert (quoted[0], quoted[-1]) == ("'", "'")
    # PowerShell reads two quotes of whatever kind as the second, and ends the string at a single.
    read = re.sub(f"{QUOTE}({QUOTE})", r"\1", quoted[1:-1])
    assert read == value
    assert all(len(run[0]) % 2 == 0 for run in re.finditer(f"{QUOTE}+", quoted[1:-1]))


@every
def test_the_shell_reads_one_word(value: str) -> None:
    assert shlex.split(quoting.shell(value)) == [value]


@every
def test_systemd_reads_one_word_without_specifiers_and_variables(value: str) -> None:
    inner = quoting.systemd(value)[1:-1]
    assert not re.search(r"(?<!%)(%%)*%(?!%)", inner)
    unescaped = re.sub(r"\\(.)", r"\1", inner)
    assert unescaped.replace("%%", "%").replace("$$", "$") == value


@every
def test_a_variable_is_read_back_as_systemd_reads_it(value: str) -> None:
    assert _unquoted(quoting.environment_value(value)) == value


@every
def test_nginx_reads_back_the_value_or_it_is_refused(value: str) -> None:
    if "$" in value:
        with pytest.raises(ValueError, match="dollar"):
            quoting.nginx(value)
        return
    assert re.sub(r"\\(.)", r"\1", quoting.nginx(value)[1:-1]) == value


@pytest.mark.skipif(not shutil.which("sh"), reason="there is no shell")
def test_a_real_shell_reads_what_is_written_for_it_and_for_systemd(tmp_path: Path) -> None:
    words = " ".join(map(quoting.shell, HOSTILE))
    lines = "".join(f"v{n}={quoting.environment_value(v)}\n" for n, v in enumerate(HOSTILE))
    shown = " ".join(f'"$v{number}"' for number in range(len(HOSTILE)))
    script = tmp_path / "script"
    script.write_text(f"{lines}printf '%s\\0' {words} {shown}\n", encoding="utf-8")
    ended = subprocess.run(["sh", str(script)], capture_output=True, check=True)
    assert ended.stdout.decode("utf-8").split("\0")[:-1] == HOSTILE * 2


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        (r"C:\regbridge\configs", r"C:\regbridge\configs"),
        (r"C:\Program Files\x", r'"C:\Program Files\x"'),
        ("C:\\a b\\", '"C:\\a b\\\\"'),
    ],
)
def test_an_argument_of_windows_is_quoted_when_it_has_spaces(value: str, quoted: str) -> None:
    assert quoting.windows_argument(value) == quoted


@pytest.mark.parametrize("name", sorted(set(quoting.QUOTES) - {"number", "powershell_list"}))
@pytest.mark.parametrize("value", ["a\nb", "a\r", "\x00", "a\x85b", "\u2028"])
def test_a_line_break_is_never_written(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"written there|stand in a path"):
        quoting.QUOTES[name](value)


@pytest.mark.parametrize("value", ["a b", "", "a;b", "$x", "%h"])
def test_what_is_plain_has_nothing_to_quote(value: str) -> None:
    assert quoting.plain("2001:db8::/32") == "2001:db8::/32"
    with pytest.raises(ValueError, match="letters, digits"):
        quoting.plain(value)


@pytest.mark.parametrize("value", ["C:\\x", " /x", "/x "])
def test_a_path_that_systemd_would_read_otherwise_is_refused(value: str) -> None:
    assert quoting.systemd_path("/srv/100 %") == "/srv/100 %%"
    with pytest.raises(ValueError, match="stand in a path"):
        quoting.systemd_path(value)


def test_a_quotation_mark_in_an_argument_of_windows_is_refused() -> None:
    with pytest.raises(ValueError, match="quotation mark"):
        quoting.windows_argument('a"b')


def test_a_template_that_forgets_to_quote_is_refused() -> None:
    template = _templates().from_string("{{ value }}")
    with pytest.raises(TypeError, match="a str that is not quoted"):
        template.render(value="harmless")
