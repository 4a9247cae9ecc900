"""What the settings of a Dynamics target may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from regbridge import Finding, Target
from regbridge.config.explain import explain
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.settings import DynamicsSettings
from regbridge_dynamics.source import Source

SECRET = "s3cret-value"
GUID = "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02"
GOOD: dict[str, Any] = {
    "url": "https://contoso.crm.dynamics.com",
    "tenant": "contoso.onmicrosoft.com",
    "client_id": GUID,
    "client_secret": {"env": "DYNAMICS_SECRET"},
    "table": "new_registrationstaging",
    "key": ["new_inviteeid", "new_eventid"],
}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMICS_SECRET", SECRET)


def read(**changes: Any) -> DynamicsSettings:
    values = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return DynamicsSettings.model_validate(values)


def complaint(**changes: Any) -> str:
    """Return what the person who edits the file is told."""
    with pytest.raises(ValidationError) as caught:
        read(**changes)
    findings = explain(caught.value, DynamicsSettings)
    return "\n".join(f"{'.'.join(map(str, each.path))}: {each}" for each in findings)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, phrase: bytes = b"") -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(phrase) if phrase else serialization.NoEncryption(),
    ).decode()


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "regbridge")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_the_usual_settings_are_few() -> None:
    settings = read()
    assert settings.sources() == (
        Source("new_inviteeid", ("new_inviteeid",)),
        Source("new_eventid", ("new_eventid",)),
    )
    assert (settings.chunk_size, settings.concurrency) == (100, 4)
    assert settings.authority == "https://login.microsoftonline.com"
    assert settings.headers.names() == {}
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("new_regid", Source("new_regid", ("new_regid",))),
        ({"new_regid": "stub"}, Source("new_regid", ("stub",))),
        (
            {"new_regid": {"hash": ["email", "event"]}},
            Source("new_regid", ("email", "event"), True),
        ),
    ],
)
def test_a_key_is_fed_by_its_own_field_another_one_or_a_hash(key: Any, source: Source) -> None:
    assert read(key=key).sources() == (source,)


def test_a_lookup_is_set_by_a_key_of_its_table_or_by_an_id() -> None:
    lookups = read(
        lookups={
            "new_contact": {"table": "contact", "key": "new_cventcontactid"},
            "new_staging": {
                "table": "new_staging",
                "key": {"new_a": "a", "new_b": {"hash": ["b"]}},
            },
            "ownerid": {"table": "systemuser", "missing": "retry"},
        }
    ).lookups
    assert lookups["new_contact"].sources("new_contact") == (
        Source("new_cventcontactid", ("new_contact",)),
    )
    assert lookups["new_staging"].sources("new_staging") == (
        Source("new_a", ("a",)),
        Source("new_b", ("b",), True),
    )
    assert lookups["ownerid"].sources("ownerid") == ()


def test_what_differs_between_environments_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DYNAMICS_URL", "https://Test.crm4.dynamics.com/")
    monkeypatch.setenv("DYNAMICS_CLIENT", GUID)
    settings = read(url={"env": "DYNAMICS_URL"}, client_id={"env": "DYNAMICS_CLIENT"})
    assert (settings.url, settings.client_id) == ("https://test.crm4.dynamics.com", GUID)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    assert read(url=url, authority=url).url == url
    assert "an address such as" in complaint(url="http://contoso.crm.dynamics.com")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "https://contoso.crm.dynamics.com/api/data/v9.2"}, "url: the address is a scheme"),
        ({"url": "https://me:pw@contoso.crm.dynamics.com"}, "url: the address is a scheme"),
        ({"url": "contoso"}, "url: an address such as https://contoso.crm"),
        ({"tenant": "con toso"}, "tenant: a tenant is a GUID or a domain"),
        ({"client_id": "regbridge"}, "client_id: this is no GUID"),
        ({"client_secret": "plain"}, "client_secret: a secret is written as"),
        ({"client_secret": ...}, ": give either client_secret or certificate"),
        ({"table": "new_RegistrationStaging"}, "table: a logical name has only a to z"),
        ({"key": []}, "key: "),
        ({"key": ["new_a", "new_a"]}, "key: a column of the key is there twice"),
        ({"key": {"new_a": {"hash": []}}}, "key.new_a"),
        (
            {"lookups": {"new_contact": {"tabel": "contact"}}},
            "unknown key 'tabel'; did you mean 'table'",
        ),
        ({"chunk_size": 1001}, "chunk_size: "),
        ({"concurrency": 0}, "concurrency: "),
        ({"headers": {"bypas_logic": ["sync"]}}, "did you mean 'bypass_logic'?"),
        ({"headers": {"bypass_logic": ["all"]}}, "headers.bypass_logic.0: "),
        ({"headers": {"caller_object_id": "me"}}, "headers.caller_object_id: this is no GUID"),
        ({"headers": {"tag": "a&b=c"}}, "headers.tag: a tag has letters"),
    ],
)
def test_what_cannot_be_right_is_refused_where_it_stands(
    changes: Mapping[str, Any], said: str
) -> None:
    assert said in complaint(**changes)


def test_optional_headers_are_dataverses_own() -> None:
    headers = read(
        headers={
            "bypass_logic": ["sync", "async"],
            "bypass_steps": [GUID, GUID],
            "detect_duplicates": True,
            "caller_object_id": GUID,
            "tag": "cvent-sync",
        }
    ).headers
    assert headers.names() == {
        "MSCRM.BypassBusinessLogicExecution": "CustomSync,CustomAsync",
        "MSCRM.BypassBusinessLogicExecutionStepIds": f"{GUID},{GUID}",
        "MSCRM.SuppressDuplicateDetection": "false",
        "CallerObjectId": GUID,
    }


@pytest.mark.parametrize("phrase", [b"", b"pass phrase"])
def test_a_certificate_may_stand_in_the_file_of_its_key(
    key: rsa.RSAPrivateKey, tmp_path: Path, phrase: bytes
) -> None:
    public, private = certificate(key), pem(key, phrase)
    (tmp_path / "both.pem").write_text(public + private, encoding="ascii")
    (tmp_path / "phrase").write_bytes(phrase or b"none")
    given = {"private_key": {"file": str(tmp_path / "both.pem")}}
    if phrase:
        given["passphrase"] = {"file": str(tmp_path / "phrase")}
    found = read(client_secret=..., certificate=given).certificate
    assert found
    assert found.key_pem == private.strip()
    assert found.public_pem == public.strip()


def test_a_key_alone_needs_the_thumbprint_of_its_certificate(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_text(pem(key), encoding="ascii")
    given: dict[str, Any] = {"private_key": {"file": str(tmp_path / "key.pem")}}
    assert "give the thumbprint" in complaint(client_secret=..., certificate=given)
    assert read(client_secret=..., certificate={**given, "thumbprint": "aB" * 20}).certificate
    wrong = {**given, "thumbprint": "a"}
    assert "40 hexadecimal" in complaint(client_secret=..., certificate=wrong)


@pytest.mark.parametrize("text", ["no certificate", "another's"])
def test_a_certificate_that_is_not_the_keys_is_refused(
    key: rsa.RSAPrivateKey, tmp_path: Path, text: str
) -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    public = certificate(other) if text == "another's" else certificate(key).replace("MI", "XX", 1)
    (tmp_path / "both.pem").write_text(public + pem(key), encoding="ascii")
    given = {"private_key": {"file": str(tmp_path / "both.pem")}}
    said = complaint(client_secret=..., certificate=given)
    assert ("is not the key's" in said) == (text == "another's")
    assert ("give the thumbprint" in said) == (text == "no certificate")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    text = pem(ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "key.pem").write_text(text, encoding="ascii")
    given = {"private_key": {"file": str(tmp_path / "key.pem")}, "thumbprint": "ab" * 20}
    assert "not an RSA key" in complaint(client_secret=..., certificate=given)


@pytest.mark.parametrize(
    "text", ["no key", "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----"]
)
def test_a_key_that_cannot_be_read_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.pem").write_text(text, encoding="ascii")
    given = {"private_key": {"file": str(tmp_path / "key.pem")}, "thumbprint": "ab" * 20}
    said = complaint(client_secret=..., certificate=given)
    assert "the private key cannot be read" in said
    assert "no key" not in said


def test_an_encrypted_key_needs_its_passphrase(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem(key, b"phrase"), encoding="ascii")
    given = {"private_key": {"file": str(tmp_path / "key.pem")}, "thumbprint": "ab" * 20}
    assert "needs its passphrase" in complaint(client_secret=..., certificate=given)


SCHEMA_EXAMPLES = [
    ({}, True),
    ({"key": "new_a"}, True),
    ({"key": {"new_a": {"hash": ["x"]}}}, True),
    ({"key": {"new_a": {"hash": []}}}, False),
    ({"key": {}}, False),
    ({"key": "New_A"}, False),
    ({"url": {"env": "DYNAMICS_URL"}}, True),
    ({"client_secret": "plain"}, False),
    ({"lookups": {"new_c": {"table": "contact"}}}, True),
    ({"lookups": {"new_c": {"table": "contact", "key": {"a": "b"}}}}, True),
    ({"lookups": {"new_c": {"key": "a"}}}, False),
    ({"headers": {"tag": "a b"}}, False),
    ({"headers": {"bypass_logic": ["sync"]}}, True),
    ({"concurrency": 53}, False),
]


@pytest.mark.parametrize(("changes", "is_right"), SCHEMA_EXAMPLES)
def test_an_editor_marks_what_the_host_refuses(
    changes: Mapping[str, Any], is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNAMICS_URL", "https://test.crm.dynamics.com")
    schema = DynamicsSettings.model_json_schema()
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({**GOOD, **changes}) == is_right
    if is_right:
        read(**changes)
    else:
        complaint(**changes)


MAP = {"new_inviteeid": "registration.inviteeStub", "new_eventid": "event.id"}


@pytest.mark.parametrize(
    ("settings", "more", "path", "said"),
    [
        ({"key": "new_invitteid"}, {}, ("settings", "key"), "did you mean 'new_inviteeid'?"),
        (
            {"key": {"new_inviteeid": {"hash": ["new_eventid", "email"]}}},
            {},
            ("settings", "key"),
            "no field 'email', which new_inviteeid needs",
        ),
        (
            {"key": {"new_inviteeid": {"hash": ["new_eventid"]}}},
            {},
            ("map", "new_inviteeid"),
            "is fed by new_eventid, so its map says nothing",
        ),
        (
            {"lookups": {"new_contact": {"table": "contact"}}},
            {},
            ("settings", "lookups", "new_contact"),
            "no field 'new_contact'",
        ),
        ({}, {"statecode": "x"}, ("map", "statecode"), "add statuscode to the map"),
    ],
)
def test_a_map_that_leaves_out_what_the_settings_need_is_refused(
    findings: Callable[..., list[Finding]],
    settings: Mapping[str, Any],
    more: Mapping[str, Any],
    path: tuple[str, ...],
    said: str,
) -> None:
    target = Target("staging", map={**MAP, **more})
    found = findings(Dynamics, {**GOOD, **settings}, target=target)
    assert ("targets", "staging", *path) in [finding.path for finding in found]
    assert any(said in str(finding) for finding in found)


def test_without_a_map_a_plugin_makes_the_records(plugin: Callable[..., Dynamics]) -> None:
    plugin(Dynamics, {**GOOD, "key": "new_other"}, target=Target("staging")).close()
