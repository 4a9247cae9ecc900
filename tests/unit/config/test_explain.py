"""What pydantic finds wrong, in the words of the person who edits the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from regbridge import Secret, Settings
from regbridge.config.explain import explain


class Region(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Literal["eu", "us"] = "eu"


class Example(Settings):
    mode: Literal["fast", "safe"] | None = None
    depth: Literal[3] = 3
    regions: list[Region] = Field(default_factory=list)
    by_name: dict[str, Region] = Field(default_factory=dict)
    password: Secret | Literal["none"] = "none"
    size: int = Field(default=1, ge=1)
    on: bool = True
    share: float = 0.5


class Strange(Settings):
    """Settings that have no JSON Schema."""

    call: Callable[[], None] | None = None
    mode: Literal["fast"] = "fast"


def findings(values: Any, model: type[BaseModel] = Example) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return [str(finding) for finding in explain(caught.value, model, ("plugins", 0))]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"mod": "x"}, "unknown key 'mod'; did you mean 'mode'?"),
        ({"mode": "fats"}, "'fats' is not one of the valid values; did you mean 'fast'?"),
        ({"depth": 4}, "'4' is not one of the valid values; valid names are 3"),
        ({"regions": [{"nam": 1}]}, "unknown key 'nam'; did you mean 'name'?"),
        (
            {"regions": [{"name": "uk"}]},
            "'uk' is not one of the valid values; valid names are eu, us",
        ),
        ({"by_name": {"x": {"nam": 1}}}, "unknown key 'nam'; did you mean 'name'?"),
        ({"size": "large"}, "a whole number was expected"),
        ({"size": 0}, "the value should be greater than or equal to 1"),
        ({"on": "maybe"}, "true or false was expected"),
        ({"share": []}, "a number was expected"),
        ([], "a mapping (key: value) was expected"),
    ],
)
def test_a_mistake_is_told_in_plain_words(values: Any, text: str) -> None:
    assert findings(values) == [text]


def test_a_finding_says_the_way_from_the_top_of_the_file() -> None:
    with pytest.raises(ValidationError) as caught:
        Example.model_validate({"regions": [{"nam": 1}]})
    [finding] = explain(caught.value, Example, ("plugins", 0, "settings"))
    assert finding.path == ("plugins", 0, "settings", "regions", 0, "nam")


def test_what_may_be_a_secret_is_not_quoted() -> None:
    assert not any("opensesame" in text for text in findings({"password": "opensesame"}))


def test_a_model_without_a_json_schema_loses_only_the_nearest_names() -> None:
    assert findings({"mod": 1}, Strange) == ["unknown key 'mod'"]
    assert findings({"mode": "slow"}, Strange) == ["the value should be 'fast'"]
