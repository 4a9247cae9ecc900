"""The JSON Schema that editors use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from regbridge import Plugin, Secret, Settings, TargetPlugin
from regbridge.config.json_schema import client_schema


class Account(BaseModel):
    region: Literal["eu", "us"]


class CrmSettings(Settings):
    url: str
    account: Account | None = None
    key: Secret | None = None


class Crm(TargetPlugin):
    settings_model = CrmSettings


class Mapper(Plugin):
    map_schema: ClassVar[Mapping[str, Any]] = {"type": "string"}


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    schema = client_schema({"crm": Crm, "mapper": Mapper})
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def target(**settings: Any) -> dict[str, Any]:
    return {"targets": {"staging": {"use": "crm", "settings": settings}}}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"host": {"port": 1, "database": {"env": "X"}}, "plugins": ["mapper"]},
        {"plugins": [{"use": "mapper"}, "my_module:Plugin", "./rule.py:Rule", "rule.py"]},
        {"events": {"gala": {"questions": {"a": "5F0C", "b": {"code": "B"}}}}},
        {"endpoints": {"a": {"tokens": [{"env": "X"}, {"file": "y"}, {"dpapi": "z.dpapi"}]}}},
        {"endpoints": {"a": {"tokens": [{"keyring": {"service": "a", "name": "b"}}]}}},
        {"host": {"encryption": {"keys": [{"file": "secrets/key"}], "writes": False}}},
        {"targets": {"staging": {"kinds": ["abandoned"], "map": {"A": "b"}}}},
        target(url="x", account={"region": "eu"}, key={"env": "KEY"}),
        target(account={"region": "us"}),
    ],
)
def test_what_is_valid_is_not_marked(schema: Draft202012Validator, values: dict[str, Any]) -> None:
    assert list(schema.iter_errors(values)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"pluginz": []},
        {"host": {"prot": 1}},
        {"plugins": ["maper"]},
        {"plugins": [{"use": "maper"}]},
        {"plugins": [{"settings": {}}]},
        {"dedupe": {"use": "mapper", "settings": {"days": 1}}},
        {"events": {"gala": {"idd": "x"}}},
        {"endpoints": {"a": {"tokens": ["literal"]}}},
        {"endpoints": {"a": {"tokens": [{"keyring": {"service": "a"}}]}}},
        {"host": {"encryption": {"keys": ["literal"]}}},
        {"endpoints": {"a": {"path": "a"}}},
        {"targets": {"staging": {"use": "mapper", "kinds": ["abandonned"]}}},
        {"targets": {"staging": {"map": {"A": 5}}}},
        target(ulr="x"),
        target(account={"region": "mars"}),
        target(key="literal"),
    ],
)
def test_a_mistake_is_marked(schema: Draft202012Validator, values: dict[str, Any]) -> None:
    assert list(schema.iter_errors(values))


def test_the_schema_shows_no_masked_default(schema: Draft202012Validator) -> None:
    assert "***" not in str(schema.schema)
