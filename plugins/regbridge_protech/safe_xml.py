"""Parses XML of strangers: no document type, no entity, nothing fetched, bounded in size."""

from __future__ import annotations

import re

from lxml import etree

# A document type can stand only before the first element. Every group is atomic: what it took it
# never gives back, so that no prolog takes longer than its length.
_DOCTYPE = re.compile(
    rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?"
    rb"(?>[ \t\r\n]+|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<!DOCTYPE",
    re.DOTALL,
)


def parse_xml(document: bytes, limit: int) -> etree._Element:
    """Return the root of a document of at most `limit` bytes, without comments.

    Raises `ValueError`, whose text holds nothing of the document, when it is larger, is not
    well-formed, is nested more than 256 deep, or has a document type (which entities need).
    """
    if len(document) > limit:
        raise ValueError(f"it is larger than {limit} bytes")
    # In UTF-16 and UTF-32 every sign of a document type has zeros beside it.
    if _DOCTYPE.match(document.replace(b"\0", b"")):
        raise ValueError("it has a document type (DOCTYPE), which is never read")
    root = _parse(document)
    if root.getroottree().docinfo.internalDTD is not None:  # in some other encoding
        raise ValueError("it has a document type (DOCTYPE), which is never read")
    return root


def _parse(document: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise ValueError(f"it is not well-formed XML (line {line}, column {column})") from None
