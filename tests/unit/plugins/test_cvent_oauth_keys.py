"""Which keys of a JWKS are used, for what, and how long they are kept."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from structlog.testing import capture_logs
from tests.unit.plugins.oauth_tokens import ec_key, key_set, rsa_key

from regbridge import RetryableError
from regbridge_cvent.bearer.key_set import KeySet, read_key_set
from regbridge_cvent.bearer.key_source import FRESH, PAUSE, PAUSE_WITHOUT_KEYS, KeySource
from regbridge_cvent.simulator.authorization import SigningKey

RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
KEEP = 24 * 3600.0


def algorithms_of(jwk: dict[str, Any]) -> set[str]:
    return read_key_set({"keys": [jwk]}).algorithms


def refusal(*entries: Any) -> str:
    with pytest.raises(ValueError, match="keys") as caught:
        read_key_set({"keys": list(entries)})
    return str(caught.value)


def rsa_jwk(**changes: Any) -> dict[str, Any]:
    return {name: v for name, v in (rsa_key().public() | changes).items() if v is not None}


# Reading


def test_a_key_of_rsa_is_for_what_it_says_or_for_all_of_rsa() -> None:
    assert algorithms_of(rsa_jwk()) == {"RS256"}
    assert algorithms_of(rsa_jwk(alg=None)) == set(RSA)
    assert algorithms_of(rsa_jwk(alg="PS512")) == {"PS512"}


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_a_key_of_a_curve_is_for_one_algorithm(algorithm: str) -> None:
    public = SigningKey.make(algorithm).public()
    assert algorithms_of(public) == {algorithm}
    assert algorithms_of({name: public[name] for name in public if name != "alg"}) == {algorithm}


def test_an_edwards_curve_is_known_too() -> None:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    assert algorithms_of(OKPAlgorithm.to_jwk(public, as_dict=True) | {"kid": "a"}) == {"EdDSA"}


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"use": "enc"},
        {"use": 1},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "RSA-OAEP"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "ES256"},
        {"alg": 1},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC"},
        {"kty": None},
        {"n": None},
        {"n": ""},
        {"n": 1},
        {"n": "%%%"},
        {"e": "AA"},
        {"e": None},
    ],
)
def test_a_key_for_other_uses_or_a_broken_one_is_passed_over(changes: dict[str, Any]) -> None:
    broken = rsa_jwk(**changes)
    assert refusal(broken) == "none of its keys has an id and can be used"
    both = read_key_set({"keys": [broken, ec_key().public()]})
    assert both.algorithms == {"ES256"}


def test_a_short_key_of_rsa_is_passed_over() -> None:
    public = rsa.generate_private_key(public_exponent=65_537, key_size=1024).public_key()
    refusal({**RSAAlgorithm.to_jwk(public, as_dict=True), "kid": "a"})


def test_a_curve_that_no_token_uses_is_passed_over() -> None:
    public = ec.generate_private_key(ec.SECP256K1()).public_key()
    refusal({**ECAlgorithm.to_jwk(public, as_dict=True), "kid": "a"})
    refusal(ec_key().public() | {"x": ec_key().public()["y"]})


def test_a_private_key_that_somebody_published_is_used_as_its_public_half() -> None:
    private = {**RSAAlgorithm.to_jwk(rsa_key().private, as_dict=True), "kid": "a", "key_ops": None}
    del private["key_ops"]
    found = read_key_set({"keys": [private]}).find("a", "RS256")
    assert not hasattr(found, "private_numbers")


def test_two_keys_may_share_an_id_if_they_are_of_two_kinds() -> None:
    keys = read_key_set({"keys": [rsa_jwk(kid="a"), ec_key().public() | {"kid": "a"}]})
    assert keys.find("a", "RS256").key_size == 2048
    assert keys.find("a", "ES256").curve.name == "secp256r1"


@pytest.mark.parametrize("document", [None, [], "keys", {}, {"keys": {}}, {"keys": None}])
def test_what_is_no_jwks_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="holds no keys"):
        read_key_set(document)


JUNK = st.none() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2)
MEMBERS = ["kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", "d", "k", "key_ops"]
WORDS = st.sampled_from(
    ["RSA", "EC", "OKP", "oct", "P-256", "P-521", "Ed448", "AQAB", "sig", "RS256"]
)


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), JUNK | WORDS) | JUNK, max_size=4))
def test_no_jwks_is_a_bug(entries: list[Any]) -> None:
    keys = read_key_set({"keys": [*entries, rsa_jwk()]})
    assert keys.find(rsa_key().id, "RS256")


# Keeping


class Server:
    """An authorization server that publishes what a test says, or nothing."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.calls = 0
        self.published: KeySet | None = key_set()

    def fetch(self) -> KeySet:
        self.calls += 1
        if self.published is None:
            raise RetryableError("the authorization server: no connection")
        return self.published

    def source(self) -> KeySource:
        """Return keys that are fetched while somebody asks."""
        return KeySource(self.fetch, 5.0, KEEP, clock=self.clock, start=lambda run: run())

    def later(self, begun: list[Callable[[], None]]) -> KeySource:
        """Return keys that are fetched when a test says so; nobody waits for it."""
        return KeySource(self.fetch, 0.0, KEEP, clock=self.clock, start=begun.append)

    def clock(self) -> float:
        return self.now


@pytest.fixture
def server() -> Server:
    return Server()


KNOWN = rsa_key().id


def ask(source: KeySource, key_id: str = KNOWN) -> Any:
    return source.find(key_id, "RS256")


def wait_of(source: KeySource, key_id: str = "unknown") -> float:
    """Return after how many seconds a token should come again."""
    with pytest.raises(RetryableError) as caught:
        ask(source, key_id)
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def test_keys_are_fetched_when_the_first_token_comes_and_then_kept(server: Server) -> None:
    source = server.source()
    assert server.calls == 0
    assert [ask(source) for _ in range(3)] == [key_set().find(KNOWN, "RS256")] * 3
    assert server.calls == 1


def test_a_key_that_is_known_for_another_algorithm_makes_nobody_call(server: Server) -> None:
    source = server.source()
    ask(source)
    server.now += PAUSE
    assert source.find(KNOWN, "PS256") is None
    assert server.calls == 1


def test_a_key_that_the_server_does_not_have_is_none(server: Server) -> None:
    assert ask(server.source(), "unknown") is None


def test_an_unknown_key_is_asked_for_at_most_once_a_minute(server: Server) -> None:
    source = server.source()
    ask(source)
    for _ in range(500):
        server.now += 0.1
        assert wait_of(source) == pytest.approx(PAUSE - server.now + 1_000_000, abs=0.01)
    assert server.calls == 1
    server.now += PAUSE
    assert ask(source, "unknown") is None
    assert server.calls == 2


def test_a_new_key_is_found_as_soon_as_a_token_has_it(server: Server) -> None:
    server.published = KeySet({("old", "RS256"): 1})
    source = server.source()
    assert ask(source, "old") == 1
    server.published = KeySet({("old", "RS256"): 1, ("new", "RS256"): 2})
    server.now += PAUSE
    assert ask(source, "new") == 2
    assert server.calls == 2


def test_somebody_who_makes_up_keys_shuts_nobody_out(server: Server) -> None:
    """A new key that comes too soon after their call is asked to come again, not refused."""
    source = server.source()
    ask(source)
    server.now += PAUSE
    assert ask(source, "made up") is None
    server.published = KeySet({("new", "RS256"): 2})
    server.now += 1
    assert wait_of(source, "new") == PAUSE - 1
    server.now += PAUSE - 1
    assert ask(source, "new") == 2


def test_keys_that_are_no_longer_fresh_are_fetched_meanwhile(server: Server) -> None:
    begun: list[Callable[[], None]] = []
    source = server.later(begun)
    assert wait_of(source, KNOWN)
    begun.pop()()
    assert ask(source)
    server.now += FRESH
    server.published = KeySet({(KNOWN, "RS256"): "renewed"})
    assert ask(source) == key_set().find(KNOWN, "RS256")
    assert ask(source) == key_set().find(KNOWN, "RS256")
    [run] = begun
    run()
    assert ask(source) == "renewed"


def test_a_key_that_was_withdrawn_is_forgotten(server: Server) -> None:
    source = server.source()
    ask(source)
    server.published = KeySet({("other", "RS256"): 1})
    server.now += FRESH
    assert ask(source)  # the last one that was let in by it
    server.now += PAUSE
    assert ask(source) is None


def test_known_keys_go_on_for_a_day_while_the_server_is_away(server: Server) -> None:
    source = server.source()
    ask(source)
    server.published = None
    with capture_logs() as logs:
        for _ in range(23):
            server.now += 3600
            assert ask(source)
    assert {log["event"] for log in logs} == {"keys not fetched"}
    assert {log["log_level"] for log in logs} == {"warning"}
    assert "no connection" in logs[0]["reason"]
    server.now += 3600
    assert wait_of(source, KNOWN) == PAUSE_WITHOUT_KEYS


def test_without_any_keys_a_token_comes_again_and_the_server_is_tried_every_few_seconds(
    server: Server,
) -> None:
    server.published = None
    source = server.source()
    with capture_logs():
        assert wait_of(source) == PAUSE_WITHOUT_KEYS
        assert wait_of(source, KNOWN) == PAUSE_WITHOUT_KEYS
        assert server.calls == 1
        server.now += PAUSE_WITHOUT_KEYS
        assert wait_of(source) == PAUSE_WITHOUT_KEYS
    assert server.calls == 2
    server.published = key_set()
    server.now += PAUSE_WITHOUT_KEYS
    assert ask(source)


def test_a_failed_call_refuses_no_unknown_key(server: Server) -> None:
    """The key may be the new one that the call would have brought."""
    source = server.source()
    ask(source)
    server.published = None
    server.now += PAUSE
    with capture_logs():
        assert wait_of(source) == PAUSE


def test_a_bug_in_fetching_leaves_nobody_waiting(server: Server) -> None:
    server.fetch = lambda: 1 // 0  # type: ignore[assignment,method-assign,return-value]
    with capture_logs() as logs:
        assert wait_of(server.source()) == PAUSE_WITHOUT_KEYS
    assert logs[0]["log_level"] == "error"


def test_nobody_waits_longer_than_the_settings_say(server: Server) -> None:
    begun: list[Callable[[], None]] = []
    source = server.later(begun)
    assert wait_of(source) == PAUSE_WITHOUT_KEYS
    server.now += 3600  # the call never ends, so no other begins
    assert wait_of(source) == 1.0
    assert len(begun) == 1


def test_one_call_is_made_for_all_who_wait() -> None:
    server, everybody, answer = Server(), Barrier(9), Event()
    real = server.fetch

    def slow() -> KeySet:
        assert answer.wait(30)
        return real()

    source = KeySource(slow, 30.0, KEEP, clock=server.clock)

    def one() -> Any:
        everybody.wait(30)
        return ask(source)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(one) for _ in range(8)]
        everybody.wait(30)
        answer.set()
        found = [each.result(30) for each in asked]
    assert found == [key_set().find(KNOWN, "RS256")] * 8
    assert server.calls == 1


def test_ids_are_compared_as_they_are() -> None:
    padded = urlsafe_b64encode(b"a").decode()
    keys = KeySet({(padded, "RS256"): 1})
    assert keys.knows(padded)
    assert not keys.knows(padded.rstrip("="))
    assert keys.find(padded, "ES256") is None
