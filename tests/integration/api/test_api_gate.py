"""Who may ask the API: nobody until it is configured, then who has a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.integration.api.conftest import API, BASE, NEXT_TOKEN, TOKEN, Api

from regbridge.config.loader import load_host
from regbridge.errors import ConfigError
from regbridge.host import Address, Host
from regbridge.web.attempts import FREE


def test_it_is_off_until_it_is_configured(configs: Path) -> None:
    (configs / "base.yaml").write_text(BASE, encoding="utf-8")
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    try:
        for path in ("/status", "/openapi.json", ""):
            answer = Api(host).ask(path, TOKEN, {})
            assert answer.status == 404
            assert "No endpoint has this path" in answer.json["detail"]
    finally:
        host.stop()


def test_every_token_that_is_named_lets_in(api: Api) -> None:
    assert api.get("/status", token=TOKEN).status == 200
    assert api.get("/status", token=NEXT_TOKEN).status == 200
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {TOKEN}"}
        assert api.get("/status", token=None, headers=headers).status == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Token {TOKEN}",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN} {NEXT_TOKEN}",
        "Bearer a-token-of-cvent",
        "Bearer \xff\xfe",
    ],
)
def test_nobody_else_is_let_in(api: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = api.get("/status", token=None, headers=headers)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert TOKEN not in answer.body.decode()


def test_a_stranger_does_not_learn_which_paths_there_are(api: Api) -> None:
    for path in ("/nothing", "/registrations/1", "/timings?days=x"):
        assert api.ask(path, None, {}).status == 401


def test_an_address_that_guesses_waits_but_a_right_token_never_does(api: Api) -> None:
    from_there = {"X-Forwarded-For": "203.0.113.7"}
    for _ in range(FREE):
        assert api.get("/status", token="wrong", headers=from_there).status == 401

    answer = api.get("/status", token="wrong", headers=from_there)

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "seconds" in answer.json["detail"]
    elsewhere = {"X-Forwarded-For": "203.0.113.8"}
    assert api.get("/status", token="wrong", headers=elsewhere).status == 401
    assert api.get("/status", token=TOKEN, headers=from_there).status == 200


def test_to_bring_no_token_is_no_guess_and_a_right_one_forgives(api: Api) -> None:
    for _ in range(FREE + 1):
        api.get("/status", token=None)
    for _ in range(FREE - 1):
        api.get("/status", token="wrong")
    assert api.get("/status").status == 200
    for _ in range(FREE - 1):
        api.get("/status", token="wrong")

    assert api.get("/status").status == 200


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        ("[]", "at least 1 item"),
        ("[{env: SHORT}]", "at least 24 characters"),
        ("[{env: SPACED}]", "visible ASCII characters"),
        ("[{env: API_TOKEN}, {env: UNSET}]", "UNSET is not set"),
        ("[a-literal-in-the-file-that-all-can-read]", "never as the secret itself"),
    ],
)
def test_a_token_that_is_too_weak_is_refused_without_being_shown(
    configs: Path, monkeypatch: pytest.MonkeyPatch, tokens: str, says: str
) -> None:
    secrets = {"SHORT": "x" * 23, "SPACED": "a token with spaces in it and more"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    (configs / "base.yaml").write_text(f"{BASE}  api: {{tokens: {tokens}}}\n", encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        load_host(configs)

    assert says in str(refused.value)
    assert "host.api.tokens" in str(refused.value)
    assert not any(value in str(refused.value) for value in secrets.values())


def test_no_answer_and_no_line_of_the_log_holds_a_token(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [
        api.get("/status"),
        api.get("/openapi.json"),
        api.get("/registrations", text=TOKEN),
        api.ask("/nothing", TOKEN, {}),
        api.ask("/status", "a-wrong-token-that-is-long-enough", {}),
    ]

    said = b"".join(answer.body for answer in answers).decode() + "".join(capsys.readouterr())
    assert TOKEN not in said
    assert NEXT_TOKEN not in said
    assert "a-wrong-token" not in said


def test_the_configuration_hides_its_tokens(configs: Path) -> None:
    config: Any = load_host(configs).config.api

    assert API.count("env") == len(config.tokens) == 2
    assert TOKEN not in repr(config)
