"""The reference of the Dynamics plugin leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from regbridge_dynamics.connection import CertificateSettings, ConnectionSettings
from regbridge_dynamics.oauth import _REFUSALS
from regbridge_dynamics.settings import DynamicsSettings, HeaderSettings, LookupSettings

PAGE = (Path(__file__).parents[3] / "docs/reference/dynamics.md").read_text(encoding="utf-8")
MODELS: dict[str, type[BaseModel]] = {
    "Connection": ConnectionSettings,
    "Certificate": CertificateSettings,
    "Lookups": LookupSettings,
    "Headers": HeaderSettings,
}


def rows(title: str) -> dict[str, str]:
    """Return the second cell of each row of a section's table, by the first."""
    found = re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    cells = re.findall(r"^\| `(\w+)` \| (.*?) \|", found[1], re.MULTILINE)
    return {name: default.replace("`", "") for name, default in cells}


def default(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value else "none"


@pytest.mark.parametrize("title", MODELS)
def test_the_reference_has_every_key_with_its_default(title: str) -> None:
    documented = rows(title)
    if title == "Connection":  # one of two is required, which no default can say
        assert documented.pop("client_secret") == "this or certificate"
        assert documented.pop("certificate") == "this or client_secret"
    expected = {
        name: default(MODELS[title], name)
        for name in MODELS[title].model_fields
        if title != "Connection" or name not in ("client_secret", "certificate")
    }
    assert documented == expected


def test_the_reference_has_every_key_of_the_table() -> None:
    own = set(DynamicsSettings.model_fields) - set(ConnectionSettings.model_fields)
    assert set(rows("Table")) == own


def test_the_refusals_of_entra_in_the_reference_are_told_in_words() -> None:
    documented = set(re.findall(r"`AADSTS(\d+)`", PAGE))
    assert documented
    assert documented <= set(_REFUSALS)
