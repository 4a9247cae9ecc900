"""The token endpoint of the simulated Entra tenant, and the tokens at the Web API."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msal  # type: ignore[import-untyped]
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from tests.integration.dynamics.web_client import HEADERS, WebClient, ask_token, code_of

from regbridge_dynamics.simulator import TENANT, Application, DataverseSimulator, plain_session

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Certificate:
    """A throw-away certificate with its key."""

    key: rsa.RSAPrivateKey
    public: x509.Certificate

    @property
    def pem(self) -> str:
        return self.public.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def private_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def encrypted(self, phrase: bytes) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(phrase),
        ).decode()

    @property
    def sha1(self) -> str:
        return self.public.fingerprint(hashes.SHA1()).hex()


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return make_certificate()


def make_certificate() -> Certificate:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "regbridge")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    return Certificate(key, builder.sign(key, hashes.SHA256()))


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def acquire(simulator: DataverseSimulator, credential: Any) -> dict[str, Any]:
    """Return what msal says, with the simulator as its authority."""
    with plain_session(simulator.authority) as session:
        application = msal.ConfidentialClientApplication(
            Application().client_id,
            client_credential=credential,
            authority=simulator.authority,
            instance_discovery=False,
            http_client=session,
        )
        found = application.acquire_token_for_client([f"{simulator.url}/.default"])
    return dict(found)


def test_msal_gets_a_token_with_the_secret(simulator: DataverseSimulator) -> None:
    found = acquire(simulator, Application().secret)
    assert (found["token_type"], found["expires_in"]) == ("Bearer", 3599)
    headers = {**HEADERS, "Authorization": f"Bearer {found['access_token']}"}
    answer = requests.get(f"{simulator.url}/api/data/v9.2/WhoAmI", headers=headers, timeout=30)
    assert answer.status_code == 200
    assert simulator.calls.tokens == 1


@pytest.mark.parametrize("is_sha_1", [False, True])
def test_msal_gets_a_token_with_the_certificate(certificate: Certificate, is_sha_1: bool) -> None:
    credential = {"private_key": certificate.private_pem, "public_certificate": certificate.pem}
    if is_sha_1:
        credential["thumbprint"] = certificate.sha1
    with DataverseSimulator(applications=[Application(certificate=certificate.pem)]) as simulator:
        assert "access_token" in acquire(simulator, credential)


def test_msal_reports_what_entra_refuses(simulator: DataverseSimulator) -> None:
    found = acquire(simulator, "wrong")
    assert found["error"] == "invalid_client"
    assert found["error_codes"] == [7000215]
    assert found["error_description"].startswith("AADSTS7000215: Invalid client secret")


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"client_id": str(uuid.uuid4())}, 400, "unauthorized_client", 700016),
        ({"client_secret": None}, 401, "invalid_client", 7000216),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "{url}"}, 400, "invalid_scope", 1002012),
        ({"scope": "{url}/user_impersonation"}, 400, "invalid_scope", 1002012),
        ({"scope": "{url}//.default"}, 400, "invalid_resource", 500011),
        ({"scope": "https://other.crm.dynamics.com/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_a_wrong_request_for_a_token_is_refused(
    simulator: DataverseSimulator,
    changes: dict[str, str | None],
    status: int,
    error: str,
    code: int,
) -> None:
    filled = {
        name: value.replace("{url}", simulator.url) if value else value
        for name, value in changes.items()
    }
    answer = ask_token(simulator.url, Application(), **filled)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert set(body) >= {"timestamp", "trace_id", "correlation_id"}


def test_a_secret_that_has_expired_is_refused() -> None:
    application = Application(secret_expired=True)
    with DataverseSimulator(applications=[application]) as simulator:
        assert ask_token(simulator.url, application).json()["error_codes"] == [7000222]


def test_another_tenant_is_not_found(simulator: DataverseSimulator) -> None:
    for path in ("oauth2/v2.0/token", "v2.0/.well-known/openid-configuration"):
        method = requests.post if "token" in path else requests.get
        answer = method(f"{simulator.url}/other/{path}", timeout=30)
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_a_form_of_another_type_is_empty(simulator: DataverseSimulator) -> None:
    url = f"{simulator.url}/{TENANT}/oauth2/v2.0/token"
    answer = requests.post(url, json={"grant_type": "client_credentials"}, timeout=30)
    assert answer.json()["error_codes"] == [900144]


def claims(simulator: DataverseSimulator, **changes: Any) -> dict[str, Any]:
    client_id = Application().client_id
    now = time.time()
    return {
        "aud": f"{simulator.authority}/oauth2/v2.0/token",
        "iss": client_id,
        "sub": client_id,
        "exp": now + 600,
        "nbf": now,
        "jti": str(uuid.uuid4()),
        **changes,
    }


@pytest.fixture
def certified(certificate: Certificate) -> Iterator[DataverseSimulator]:
    application = Application(certificate=certificate.pem, secret="")
    with DataverseSimulator(applications=[application]) as simulator:
        yield simulator


def sign(certificate: Certificate, content: dict[str, Any], **header: str) -> str:
    thumbprint = jwt.utils.base64url_encode(certificate.public.fingerprint(hashes.SHA256()))
    header = {"x5t#S256": thumbprint.decode(), **header}
    return jwt.encode(content, certificate.key, algorithm="PS256", headers=header)


def ask_with(simulator: DataverseSimulator, assertion: str) -> requests.Response:
    return ask_token(
        simulator.url,
        Application(),
        client_secret=None,
        client_assertion_type=ASSERTION_TYPE,
        client_assertion=assertion,
    )


def test_a_right_assertion_gets_a_token(
    certified: DataverseSimulator, certificate: Certificate
) -> None:
    answer = ask_with(certified, sign(certificate, claims(certified)))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "other"}, 700021),
        ({"sub": "other"}, 700021),
        ({"aud": "https://other"}, 700023),
        ({"exp": 1}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
        ({"exp": "soon"}, 50027),
        ({"jti": ""}, 50027),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    certified: DataverseSimulator, certificate: Certificate, changes: dict[str, Any], code: int
) -> None:
    answer = ask_with(certified, sign(certificate, claims(certified, **changes)))
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [code])


def test_an_assertion_by_another_certificate_is_refused(
    certified: DataverseSimulator, certificate: Certificate
) -> None:
    stranger = make_certificate()
    unknown = sign(stranger, claims(certified))
    assert ask_with(certified, unknown).json()["error_codes"] == [700027]
    thumbprint = jwt.utils.base64url_encode(certificate.public.fingerprint(hashes.SHA256()))
    forged = sign(stranger, claims(certified), **{"x5t#S256": thumbprint.decode()})
    assert ask_with(certified, forged).json()["error_codes"] == [700027]
    assert ask_with(certified, "x.y.z").json()["error_codes"] == [50027]


def test_an_assertion_without_a_registered_certificate_is_refused(
    simulator: DataverseSimulator, certificate: Certificate
) -> None:
    answer = ask_with(simulator, sign(certificate, claims(simulator)))
    assert answer.json()["error_codes"] == [700027]


def test_an_application_without_a_secret_takes_none(certified: DataverseSimulator) -> None:
    answer = ask_token(certified.url, Application(), client_secret="")
    assert answer.json()["error_codes"] == [7000215]


@pytest.mark.parametrize("value", [None, "Bearer", "Bearer x", "Basic x", "x"])
def test_a_call_without_a_valid_token_is_refused(client: WebClient, value: str | None) -> None:
    client.session.headers.pop("Authorization")
    if value:
        client.session.headers["Authorization"] = value
    answer = client.get("WhoAmI")
    assert code_of(answer) == (401, "0x80044302")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=https://")


def test_a_token_is_good_until_it_expires() -> None:
    clock = Clock()
    with DataverseSimulator(clock=clock, token_seconds=60) as simulator:
        client = WebClient(simulator)
        clock.now += 59
        assert client.get("WhoAmI").status_code == 200
        clock.now += 1
        assert code_of(client.get("WhoAmI")) == (401, "0x80041d52")
        assert WebClient(simulator).get("WhoAmI").status_code == 200


def test_tokens_can_be_ended_before_their_time(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    simulator.expire_tokens()
    assert code_of(client.get("WhoAmI")) == (401, "0x80041d52")
    assert simulator.calls.statuses == {401: 1}


def test_a_disabled_user_is_refused_although_its_token_is_good() -> None:
    application = Application(enabled=False)
    with DataverseSimulator(applications=[application]) as simulator:
        assert code_of(WebClient(simulator).get("WhoAmI")) == (403, "0x80040225")


def test_plain_http_is_for_this_machine_alone() -> None:
    with plain_session("https://login.example.org/tenant") as session, pytest.raises(ValueError):
        session.get("https://login.example.org/tenant", timeout=1)
