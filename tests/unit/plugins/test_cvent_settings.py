"""What the YAML may say about a Cvent account, and what it never shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from regbridge import RateLimit
from regbridge_cvent.settings import CventSettings, Part

SECRET = "a-secret-of-the-account"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "id").write_text("a-client-id", encoding="utf-8")
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    return tmp_path


def account(**changes: Any) -> dict[str, Any]:
    usual = {
        "region": "europe",
        "client_id": {"file": "id"},
        "client_secret": {"file": "secret"},
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def read(folder: Path, given: dict[str, Any], **settings: Any) -> CventSettings:
    return CventSettings.model_validate({"account": given, **settings}, context={"folder": folder})


def refused(folder: Path, given: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(folder, given, **settings)
    return str(caught.value)


def test_an_account_alone_is_enough(folder: Path) -> None:
    settings = read(folder, account())

    assert settings.account.base_url == "https://api-platform-eur.cvent.com/ea"
    assert settings.account.limit is None
    assert settings.include == (Part.ANSWERS, Part.CONTACT)
    assert settings.page_size == 200


def test_the_secret_is_in_no_text(folder: Path) -> None:
    settings = read(folder, account())

    assert SECRET not in repr(settings) + str(settings) + str(settings.model_dump())
    assert "a-client-id" not in repr(settings)
    assert SECRET not in refused(folder, account(region="mars"))


@pytest.mark.parametrize(
    "url",
    [
        "http://api-platform.cvent.com/ea",
        "http://127.0.0.1.example.com/ea",
        "ftp://api-platform.cvent.com/ea",
        "api-platform.cvent.com/ea",
        "https:///ea",
        "https://api-platform.cvent.com/ea?x=1",
        "https://somebody:password@api-platform.cvent.com/ea",
    ],
)
def test_a_url_that_could_give_the_secret_away_is_refused(folder: Path, url: str) -> None:
    refused(folder, account(region=None, url=url))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/ea/", "http://localhost/ea", "https://cvent.example.org/ea"]
)
def test_a_simulator_on_this_machine_may_be_plain_http(folder: Path, url: str) -> None:
    assert read(folder, account(region=None, url=url)).account.base_url == url.rstrip("/")


def test_an_account_has_a_region_or_a_url(folder: Path) -> None:
    assert "either a region or" in refused(folder, account(region=None))
    assert "either a region or" in refused(folder, account(url="https://cvent.example.org/ea"))


def test_a_pace_has_calls_a_second_and_a_burst(folder: Path) -> None:
    paced = read(folder, account(calls_per_second=10, burst=5))

    assert paced.account.limit == RateLimit(10, 5)
    assert "go together" in refused(folder, account(burst=5))


def test_the_limiters_key_is_that_of_the_account_and_holds_no_secret(folder: Path) -> None:
    key = read(folder, account()).account.key
    assert key == read(folder, account(calls_per_second=1, burst=1)).account.key
    assert key != read(folder, account(region="north-america")).account.key
    (folder / "secret").write_text("another", encoding="utf-8")
    assert key == read(folder, account()).account.key
    (folder / "id").write_text("another", encoding="utf-8")
    assert key != read(folder, account()).account.key
    assert len(key) == len("cvent ") + 8
    assert "a-client-id" not in key


@pytest.mark.parametrize(
    "settings",
    [
        {"include": []},
        {"include": ["everything"]},
        {"page_size": 0},
        {"page_size": 201},
        {"filter_length": 10},
        {"url_length": 100_000},
        {"unknown": 1},
    ],
)
def test_settings_beyond_what_cvent_takes_are_refused(
    folder: Path, settings: dict[str, Any]
) -> None:
    refused(folder, account(), **settings)
