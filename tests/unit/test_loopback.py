"""Credentials go to a service by https alone, or to this machine."""

from __future__ import annotations

import pytest

from regbridge.http import service_address

check = service_address("https://crm.example.org")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://CRM.example.org", "https://crm.example.org"),
        (" https://crm.example.org:8443/ ", "https://crm.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_an_address_is_kept_as_scheme_and_host(given: str, kept: str) -> None:
    assert check(given) == kept


@pytest.mark.parametrize("url", ["http://crm.example.org", "crm.example.org", "ftp://x", "", "x"])
def test_what_is_no_address_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(ValueError, match=r"such as https://crm\.example\.org was expected"):
        check(url)


@pytest.mark.parametrize("rest", ["/api", "?a=b", "#c", "/%2e"])
def test_nothing_may_follow_the_host(rest: str) -> None:
    with pytest.raises(ValueError, match="with nothing after them"):
        check(f"https://crm.example.org{rest}")


def test_nobody_is_named_before_the_host() -> None:
    with pytest.raises(ValueError, match="with nothing after them"):
        check("https://anna:secret@crm.example.org")
