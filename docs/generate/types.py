"""Types of settings in the words of who writes YAML."""

from __future__ import annotations

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.networks import _BaseUrl

_WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dict: "mapping",
    list: "list",
    tuple: "list",
    type(None): "none",
    Any: "any",
}


def words(annotation: Any) -> str:
    """Return what a type is called: "list of text", "number", "secret"."""
    annotation = _bare(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{_value(each)}`" for each in arguments)
    if origin in (Union, types.UnionType):
        parts = [words(each) for each in arguments if each is not type(None)]
        return " or ".join(dict.fromkeys(parts))
    if origin in (list, tuple, set, frozenset):
        return f"list of {words(arguments[0])}"
    if origin is not None and issubclass(origin, dict | types.MappingProxyType):
        return f"mapping of {words(arguments[1])}"
    return _plain(annotation)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type holds."""
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _plain(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation]
    if not isinstance(annotation, type):
        return "mapping" if "Mapping" in str(annotation) else "text"
    if issubclass(annotation, SecretStr):
        return "secret"
    if issubclass(annotation, Enum):
        return " or ".join(f"`{each.value}`" for each in annotation)
    if issubclass(annotation, BaseModel):
        return "block"
    if issubclass(annotation, _BaseUrl):
        return "URL"
    return next((_WORDS[base] for base in annotation.__mro__ if base in _WORDS), "text")


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
