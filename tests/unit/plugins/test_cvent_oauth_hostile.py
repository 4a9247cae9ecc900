"""Every change of a right token makes it a wrong one, and nothing that is sent is a bug."""

from __future__ import annotations

import hashlib
import hmac
import json
import string
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.unit.plugins.oauth_tokens import (
    AUDIENCE,
    ISSUER,
    base64url,
    claims,
    ec_key,
    header,
    judge,
    key_set,
    rsa_key,
    stranger,
    token,
)

from regbridge import AuthenticationError
from regbridge_cvent.bearer.key_set import read_key_set
from regbridge_cvent.bearer.refusals import RefusedTokenError

BASE64URL = string.ascii_letters + string.digits + "-_"
JUDGE = judge()
NO_NUMBERS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=8),
    st.lists(st.text(max_size=5) | st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
JSON = st.integers() | st.floats() | NO_NUMBERS
HOUR = 3600
few = settings(max_examples=40)


def reason(text: str) -> str:
    """Return why a token is refused; fails for one that is not."""
    with pytest.raises(RefusedTokenError) as caught:
        JUDGE.claims(text)
    return str(caught.value)


def test_the_right_token_is_let_in() -> None:
    assert JUDGE.claims(token())["iss"] == ISSUER


RIGHT = token()


@given(place=st.integers(0, len(RIGHT) - 1), sign=st.sampled_from(BASE64URL + ".= \n\x00é€"))
@example(place=len(RIGHT) - 1, sign="B")
def test_no_character_of_a_token_can_be_another(place: int, sign: str) -> None:
    changed = RIGHT[:place] + sign + RIGHT[place + 1 :]
    assume(changed != RIGHT)
    assert reason(changed)


@pytest.mark.parametrize("sign", BASE64URL)
def test_the_last_character_cannot_be_another_that_means_the_same_bytes(sign: str) -> None:
    if sign != RIGHT[-1]:
        assert reason(RIGHT[:-1] + sign)


@few
@given(start=st.integers(0, len(RIGHT)), length=st.integers(1, len(RIGHT)))
def test_no_part_of_a_token_can_be_cut_out(start: int, length: int) -> None:
    changed = RIGHT[:start] + RIGHT[start + length :]
    assume(changed != RIGHT)
    assert reason(changed)


@few
@given(place=st.integers(0, len(RIGHT)), more=st.text(min_size=1, max_size=5))
def test_nothing_can_be_put_into_a_token(place: int, more: str) -> None:
    assert reason(RIGHT[:place] + more + RIGHT[place:])


@given(st.text(st.characters(codec=None), max_size=200))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert reason(text)


@few
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_no_bytes_are_taken_for_a_token(parts: list[bytes]) -> None:
    assert reason(".".join(map(base64url, parts)))


def test_parts_of_two_tokens_make_no_third() -> None:
    other = token(claims(sub="somebody else"))
    parts = zip(RIGHT.split("."), other.split("."), strict=True)
    (head, _), (first, second), (signature, others) = parts
    assert reason(f"{head}.{second}.{signature}") == reason(f"{head}.{first}.{others}")


# Algorithms


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA", RIGHT.rpartition(".")[2]])
def test_a_token_without_a_signature_is_refused(name: str, signature: str) -> None:
    head = base64url(json.dumps(header(alg=name)).encode())
    assert reason(f"{head}.{base64url(json.dumps(claims()).encode())}.{signature}")


def public_texts() -> list[bytes]:
    """Return what an attacker may take for the secret: the public key, in every usual form."""
    public = rsa_key().private.public_key()
    forms = [
        (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        (Encoding.PEM, PublicFormat.PKCS1),
        (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        (Encoding.DER, PublicFormat.PKCS1),
    ]
    found = [public.public_bytes(*form) for form in forms]
    return [*found, found[0].strip(), json.dumps(rsa_key().public()).encode(), b""]


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_secret_of_an_hmac(algorithm: str) -> None:
    digest = getattr(hashlib, f"sha{algorithm[2:]}")
    for secret in public_texts():
        parts = (header(alg=algorithm), claims())
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = hmac.digest(secret, signed.encode(), digest)
        assert "algorithms:" in reason(f"{signed}.{base64url(signature)}")


@few
@given(JSON)
@example("PS256")
@example("RS512")
@example("ES256")
@example(["RS256"])
def test_no_other_algorithm_fits_the_signature(algorithm: Any) -> None:
    assume(algorithm != "RS256")
    assert reason(token(head=header() | {"alg": algorithm}))


@few
@given(JSON)
@example("../../../dev/null")
@example("' OR 1=1 --")
def test_no_other_key_id_is_let_in(key_id: Any) -> None:
    assume(key_id != rsa_key().id)
    assert reason(token(head=header() | {"kid": key_id}))


def test_a_key_of_another_kind_is_not_used() -> None:
    """The id of the key of the elliptic curve, with the signature and the algorithm of RSA."""
    [other] = {key_id for key_id, _ in key_set().keys} - {rsa_key().id}
    assert "no key with its kid and alg" in reason(token(head=header(kid=other)))


# What a header says about keys is the sender's own word.

EMBEDDED = {
    "jwk": stranger().public(),
    "jku": "https://attacker.example.org/keys",
    "x5u": "https://attacker.example.org/certificate",
    "x5c": ["AAAA"],
    "x5t": "AAAA",
}


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_key_that_a_token_brings_itself_is_ignored(name: str) -> None:
    head = header() | {name: EMBEDDED[name]}
    assert "signature is wrong" in reason(token(head=head, key=stranger()))
    assert JUDGE.claims(token(head=head))


@few
@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NO_NUMBERS)
@example([])
@example(["exp"])
@example(["b64"])
def test_what_a_header_calls_critical_is_not_understood(critical: Any) -> None:
    assert "crit" in reason(token(head=header() | {"crit": critical}))


def test_a_payload_that_is_elsewhere_is_refused() -> None:
    assert reason(token(head=header(b64=False)))


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "", "JWE", 1, None, []])
def test_a_token_for_other_uses_is_refused(typ: Any) -> None:
    assert "typ" in reason(token(head=header() | {"typ": typ}))


@pytest.mark.parametrize(
    "typ",
    ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/okta-internal-at+jwt"],
)
def test_an_access_token_may_call_itself_one(typ: str) -> None:
    assert JUDGE.claims(token(head=header(typ=typ)))


# Claims, with a signature that is right


@few
@given(JSON)
@example(ISSUER + "/")
@example(ISSUER.upper())
@example([ISSUER])
def test_no_other_issuer_is_let_in(issuer: Any) -> None:
    assume(issuer != ISSUER)
    assert reason(token(claims() | {"iss": issuer}, key=ec_key()))


@few
@given(JSON)
@example(AUDIENCE + "/")
@example(f"{AUDIENCE} other")
@example({AUDIENCE: True})
@example([[AUDIENCE]])
@example([AUDIENCE, 1])
def test_no_other_audience_is_let_in(audience: Any) -> None:
    assume(audience not in (AUDIENCE, [AUDIENCE]))
    assert reason(token(claims() | {"aud": audience}, key=ec_key()))


NOW = int(time.time())


@few
@given(NO_NUMBERS | st.integers(max_value=NOW - HOUR) | st.floats(max_value=NOW - HOUR))
@example("9999999999")
@example(True)
@example(float("nan"))
@example(float("inf"))
def test_a_token_is_refused_when_its_time_is_over(expires: Any) -> None:
    assert reason(token(claims() | {"exp": expires}, key=ec_key()))


@few
@given(
    NO_NUMBERS | st.integers(min_value=NOW + HOUR) | st.floats(min_value=NOW + HOUR),
    st.sampled_from(["nbf", "iat"]),
)
@example("0", "nbf")
@example(10**30, "iat")
def test_a_token_of_later_is_refused(begins: Any, name: str) -> None:
    assert reason(token(claims() | {name: begins}, key=ec_key()))


@pytest.mark.parametrize("name", ["iss", "aud", "exp"])
def test_a_token_that_does_not_say_what_it_must_is_refused(name: str) -> None:
    assert "lacks one of iss, aud and exp" in reason(token(claims(**{name: None})))


@few
@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_whatever_else_a_token_says_is_no_bug(more: dict[str, Any]) -> None:
    """Some of it is refused (a `sub` that is no text), and the rest is nobody's business."""
    try:
        assert JUDGE.claims(token(more | claims(), key=ec_key()))["iss"] == ISSUER
    except AuthenticationError as error:
        assert "malformed" in str(error) or "no JSON object" in str(error)


# Forms


DUPLICATES = [
    b'{"alg": "none", "alg": "RS256", "kid": "%s"}' % rsa_key().id.encode(),
    b'{"alg": "RS256", "kid": "other", "kid": "%s"}' % rsa_key().id.encode(),
]


@pytest.mark.parametrize("head", DUPLICATES)
def test_a_header_with_a_name_twice_is_refused(head: bytes) -> None:
    assert "its header is no JSON object, or has a name twice" in reason(token(head=head))


@pytest.mark.parametrize("where", ['"exp": 1, ', '"x": {"a": 1, "a": 2}, '])
def test_claims_with_a_name_twice_are_refused(where: str) -> None:
    text = json.dumps(claims()).replace("{", "{" + where, 1)
    assert "its payload is no JSON object, or has a name twice" in reason(token(text.encode()))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + json.dumps(claims()).encode(),
        json.dumps(claims()).encode("utf-16"),
        json.dumps(claims()).encode("utf-32"),
        json.dumps(claims()).replace("3600", "NaN").encode() + b"}",
        json.dumps(claims() | {"exp": float("inf")}).encode(),
        json.dumps(claims() | {"x": float("nan")}).encode(),
        json.dumps(claims()).encode()[:-1] + b', "x": 1e999, "exp": 1e999}',
        RIGHT.encode(),
    ],
)
def test_a_payload_that_is_no_json_object_is_refused(payload: bytes) -> None:
    assert "payload" in reason(token(payload)) or "no signed JWT" in reason(token(payload))


def test_a_time_beyond_all_times_is_refused() -> None:
    text = json.dumps(claims(exp=None)).replace("{", '{"exp": 1e999, ', 1)
    assert "no number" in reason(token(text.encode()))


def test_a_token_within_a_token_is_refused() -> None:
    assert reason(token(RIGHT.encode(), header(cty="JWT")))


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_deeply_nested_token_is_refused(opening: bytes) -> None:
    patient = judge(token_limit=100_000)
    for head, payload in ((None, opening * 9_000), (opening * 9_000, None)):
        with pytest.raises(RefusedTokenError, match="no JSON object"):
            patient.claims(token(payload, head))


def test_a_huge_token_is_refused_unread() -> None:
    huge = token(claims(padding="x" * 20_000))
    assert "more than 16,000 characters (token_limit)" in reason(huge)
    assert judge(token_limit=100_000).claims(huge)


@pytest.mark.parametrize(
    "text",
    ["", "opaque", "a.b", "a.b.c.d", "a.b.c.d.e", "é.é.é", "Bearer", RIGHT + " ", " " + RIGHT],
)
def test_what_is_no_signed_jwt_is_called_that(text: str) -> None:
    assert "it is no signed JWT" in reason(text)


# What a reason says


def test_no_reason_holds_anything_of_the_token() -> None:
    secret = "s3cr3t-claim"
    wrong = [
        token(claims(iss=secret)),
        token(claims(aud=secret)),
        token(claims(exp=1, sub=secret)),
        token(head=header(kid=secret)),
        token(head=header() | {"alg": secret}),
        token(head=header() | {"typ": secret}),
        token(claims(sub=secret), key=stranger()),
        secret,
    ]
    for text in wrong:
        with pytest.raises(RefusedTokenError) as caught:
            JUDGE.claims(text)
        assert secret not in f"{caught.value} {caught.value.detail} {caught.value.__cause__}"
        assert caught.value.challenge == 'Bearer error="invalid_token"'


def test_a_token_shows_nothing_of_itself() -> None:
    from regbridge_cvent.bearer.compact import read

    shown = repr(read(RIGHT, 16_000))
    assert RIGHT not in shown
    assert AUDIENCE not in shown


def test_a_published_secret_is_no_key() -> None:
    secret = {"kty": "oct", "kid": "a", "k": base64url(b"secret" * 8), "alg": "HS256"}
    with pytest.raises(ValueError, match="none of its keys"):
        read_key_set({"keys": [secret]})
