"""Who sent a request, whatever is written into the headers of proxies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.addresses import address_of, network_of
from regbridge.web.forwarded import MOST_HOPS, Sender, sender

PROXY = "10.0.0.5"
TRUSTED = (network_of("10.0.0.0/8"), network_of("fd00::/8"))
OUTSIDE = "203.0.113.7"

hostile = st.text(max_size=60) | st.from_regex(r"[\[\]\",:. 0-9a-f]{0,60}", fullmatch=True)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (OUTSIDE, OUTSIDE),
        (f"{OUTSIDE}:50123", OUTSIDE),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:203.0.113.7", OUTSIDE),
        (f"6.6.6.6, {OUTSIDE}", OUTSIDE),
        (f"6.6.6.6, {OUTSIDE}, 10.0.0.6", OUTSIDE),
        (f"6.6.6.6, {OUTSIDE}, fd00::1, 10.0.0.6", OUTSIDE),
        ("10.0.0.7, 10.0.0.6", "10.0.0.7"),
        ("", PROXY),
        ("unknown", PROXY),
        ("unknown, 10.0.0.6", "10.0.0.6"),
        (f"{OUTSIDE}, ", PROXY),
        (f"{OUTSIDE},,10.0.0.6", "10.0.0.6"),
    ],
)
def test_the_sender_is_the_last_that_is_no_trusted_proxy(forwarded: str, address: str) -> None:
    assert sender(PROXY, forwarded, "", TRUSTED) == Sender(address)


def test_who_is_not_trusted_is_not_believed() -> None:
    assert sender(OUTSIDE, "10.0.0.6", "https", TRUSTED) == Sender(OUTSIDE, "http")
    assert sender(PROXY, OUTSIDE, "https", ()) == Sender(PROXY, "http")


@given(hostile)
def test_nothing_that_a_sender_writes_changes_its_address(written: str) -> None:
    assert sender(PROXY, f"{written},{OUTSIDE}", "", TRUSTED).address == OUTSIDE
    assert sender(OUTSIDE, written, written, TRUSTED) == Sender(OUTSIDE)


@given(st.text())
def test_the_address_is_one_whatever_a_proxy_passes_on(forwarded: str) -> None:
    assert address_of(sender(PROXY, forwarded, "", TRUSTED).address) is not None


@given(hostile, st.lists(st.sampled_from(["10.0.0.6", "fd00::1"]), max_size=MOST_HOPS - 1))
def test_any_row_of_trusted_proxies_is_seen_through(written: str, proxies: list[str]) -> None:
    forwarded = ",".join([written, OUTSIDE, *proxies])

    assert sender(PROXY, forwarded, "", TRUSTED).address == OUTSIDE


def test_of_thousands_of_entries_a_few_are_looked_at() -> None:
    made_up = ",".join([OUTSIDE] + ["10.0.0.6"] * 5_000)

    assert sender(PROXY, made_up, "", TRUSTED).address == "10.0.0.6"


@pytest.mark.parametrize(
    ("forwarded", "proto", "scheme"),
    [
        (OUTSIDE, "https", "https"),
        (OUTSIDE, "HTTPS", "https"),
        (OUTSIDE, "", "http"),
        (OUTSIDE, "ftp", "http"),
        (OUTSIDE, "https, ", "http"),
        (OUTSIDE, "https,<script>", "http"),
        (OUTSIDE, "https, http", "http"),
        (f"{OUTSIDE}, 10.0.0.6", "https, http", "https"),
        (f"{OUTSIDE}, 10.0.0.6", "http, https, http", "https"),
        (f"{OUTSIDE}, 10.0.0.6", "https", "https"),
        ("", "https", "https"),
    ],
)
def test_the_scheme_is_what_the_proxy_before_the_sender_says(
    forwarded: str, proto: str, scheme: str
) -> None:
    assert sender(PROXY, forwarded, proto, TRUSTED).scheme == scheme


@given(hostile)
def test_the_scheme_is_http_or_https_whatever_is_written(proto: str) -> None:
    assert sender(PROXY, OUTSIDE, proto, TRUSTED).scheme in ("http", "https")
