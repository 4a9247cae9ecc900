"""XML of strangers: what is read, and what is refused before it does harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_protech.safe_xml import parse_xml

LIMIT = 100_000
BOMB = (
    "<!DOCTYPE a [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]><a>&a9;</a>"
)


def refusal(document: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(ValueError, match=r"it is|it has") as caught:
        parse_xml(document, limit)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_comes_back_in_any_usual_encoding(encoding: str) -> None:
    assert parse_xml("<a>Zoë 😀</a>".encode(encoding), LIMIT).text == "Zoë 😀"


def test_the_declaration_may_name_another_encoding() -> None:
    document = '<?xml version="1.0" encoding="iso-8859-1"?><a>Zoë</a>'.encode("latin-1")
    assert parse_xml(document, LIMIT).text == "Zoë"


def test_comments_and_instructions_do_not_cut_text_in_pieces() -> None:
    assert parse_xml(b"<a>one <!-- x -->t<?y z?>wo<![CDATA[ & <three>]]></a>", LIMIT).text == (
        "one two & <three>"
    )


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE html><html/>",
        '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><a/>',
        '<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
        BOMB,
        f"<?xml version='1.0'?>\n<!-- a --><?b c?>\n{BOMB}",
        "<!DOCTYPE",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_type_is_refused_before_anything_of_it_is_read(
    document: str, encoding: str
) -> None:
    assert "DOCTYPE" in refusal(document.encode(encoding))


def test_a_document_type_in_an_odd_encoding_is_refused_as_well() -> None:
    document = b'<?xml version="1.0" encoding="utf-7"?>+ADw-+ACE-DOCTYPE a+AD4-+ADw-a/+AD4-'
    assert refusal(document)


def test_text_about_a_document_type_is_text() -> None:
    document = b"<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE html>]]></a>"
    assert parse_xml(document, LIMIT).text == "<!DOCTYPE html>"


def test_an_entity_that_nobody_declared_is_refused() -> None:
    assert "line 1" in refusal(b"<a>&x;</a>")


@pytest.mark.parametrize("depth", [300, 10_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert "not well-formed" in refusal(b"<a>" * depth + b"</a>" * depth)


def test_a_document_beyond_the_limit_is_refused_unread() -> None:
    assert refusal(b"<a" + b" " * LIMIT) == "it is larger than 100000 bytes"
    assert parse_xml(b"<a>" + b"x" * (LIMIT - 7) + b"</a>", LIMIT).tag == "a"


@pytest.mark.parametrize(
    "piece", [b"<?a?>", b"<!---->", b"<?", b"<!--", b" ", b" <?a?>", b"<?a?> <!---->"]
)
def test_no_prolog_takes_longer_than_it_is_long(piece: bytes) -> None:
    begun = time.process_time()
    refusal(piece * (LIMIT // len(piece) - 1) + b"<")
    assert time.process_time() - begun < 2  # with backtracking it would never end


@pytest.mark.parametrize(
    "document", [b"", b" ", b"text", b"<a>", b"<a></b>", b"<a>\x00</a>", b"<a>\xff</a>", b"{}"]
)
def test_what_is_no_xml_is_refused(document: bytes) -> None:
    assert "not well-formed" in refusal(document)


@given(text=st.text(st.characters(exclude_categories=["C"]), min_size=1), cut=st.integers(1, 30))
def test_a_document_that_lost_its_end_is_refused(text: str, cut: int) -> None:
    document = f"<a><b>{text.replace('<', '').replace('&', '')}</b></a>".encode()
    refusal(document[: -min(cut, len(document) - 1)])


@given(document=st.binary(max_size=300))
def test_whatever_comes_it_is_read_or_refused(document: bytes) -> None:
    for start in (b"", b"<a>", b"<?xml version='1.0'?>", b"<!"):
        try:
            parse_xml(start + document, LIMIT)
        except ValueError as error:
            assert str(error).startswith("it ")
