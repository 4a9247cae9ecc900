"""JMESPath expressions: compiled, checked, evaluated."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import jmespath
from jmespath.exceptions import (
    EmptyExpressionError,
    IncompleteExpressionError,
    JMESPathTypeError,
    LexerError,
    ParseError,
)
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from regbridge import did_you_mean

Search = Callable[[Mapping[str, Any]], Any]

_FUNCTIONS: Mapping[str, Any] = Functions.FUNCTION_TABLE
# One interpreter serves all threads: it holds nothing but a cache of its own methods.
_visit = TreeInterpreter().visit


class Expression:
    """A JMESPath expression. Raises `ValueError`, which says where, when it does not parse."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree: Any = _parse(text)
        self._search: Search = _plain_path(self._tree) or partial(_visit, self._tree)

    def search(self, document: Mapping[str, Any]) -> Any:
        """Return what the expression finds, None for nothing.

        Raises `ValueError`, whose text holds no value of the document, when a function or a
        comparison cannot take what it finds.
        """
        try:
            return self._search(document)
        except JMESPathTypeError as error:
            raise ValueError(
                f"the function {error.function_name}() cannot take a value of type "
                f"{error.actual_type}"
            ) from None
        except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise ValueError(
                f"the expression cannot be evaluated here ({type(error).__name__})"
            ) from None

    def problems(self) -> Iterator[str]:
        """Yield what is wrong although it parses: JMESPath itself would see it only when run."""
        if self._tree["type"] == "expref":
            yield "& is only of use as the argument of a function such as sort_by"
        for node in _nodes(self._tree):
            if node["type"] == "function_expression":
                yield from _call_problems(node["value"], node["children"])
            elif node["type"] == "slice" and node["children"][2] == 0:
                yield "the step of a slice cannot be 0"

    def names_under(self, field: str) -> Iterator[str]:
        """Yield the names that the expression reads directly under a field."""
        for node in _nodes(self._tree):
            children = node["children"]
            if node["type"] in _CHAINS:
                for parent, child in pairwise(children):
                    if _last_name(parent) == field:
                        yield from _first_names(child)


_CHAINS = {"subexpression", "pipe"}
_STARTS = _CHAINS | {
    "filter_projection",
    "flatten",
    "index_expression",
    "projection",
    "value_projection",
}


def _parse(text: str) -> Any:
    try:
        with warnings.catch_warnings():
            # Text in backticks is deprecated without end, and still what most examples show.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            return jmespath.compile(text).parsed
    except EmptyExpressionError:
        problem = "it is empty"
    except IncompleteExpressionError:
        problem = "it ends too early"
    except LexerError as error:
        problem = f"{error.message} (character {error.lexer_position + 1})"
    except ParseError as error:
        problem = f"{error.msg} (character {error.lex_position + 1})"
    except (ValueError, RecursionError) as error:
        problem = f"it is too large ({type(error).__name__})"
    raise ValueError(f"the expression {text!r} does not parse: {problem}")


def _plain_path(tree: Any) -> Search | None:
    """Return a faster search for what most expressions are: names joined by dots."""
    fields = tree["children"] if tree["type"] == "subexpression" else [tree]
    if any(node["type"] != "field" for node in fields):
        return None
    names = [node["value"] for node in fields]

    def search(document: Any) -> Any:
        for name in names:
            try:
                document = document.get(name)
            except AttributeError:
                return None
        return document

    return search


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node["children"]:
        if isinstance(child, dict):  # a slice has numbers for children
            yield from _nodes(child)


def _call_problems(name: str, arguments: list[Any]) -> Iterator[str]:
    if name not in _FUNCTIONS:
        yield f"no function {name}(); {did_you_mean(name, _FUNCTIONS)}"
        return
    signature = _FUNCTIONS[name]["signature"]
    variadic = signature[-1].get("variadic", False)
    if len(arguments) < len(signature) or (len(arguments) > len(signature) and not variadic):
        number = f"at least {len(signature)}" if variadic else f"{len(signature)}"
        yield f"the function {name}() takes {number} argument(s), not {len(arguments)}"
        return
    for position, (argument, expected) in enumerate(zip(arguments, signature, strict=False), 1):
        is_expression = argument["type"] == "expref"
        if is_expression != ("expref" in expected["types"]):
            wanted = "a value, without &" if is_expression else "an expression with & before it"
            yield f"argument {position} of {name}() must be {wanted}"


def _last_name(node: Any) -> str | None:
    if node["type"] == "field":
        return str(node["value"])
    return _last_name(node["children"][-1]) if node["type"] in _CHAINS else None


def _first_names(node: Any) -> Iterator[str]:
    """Yield the names that a node reads from the value it is applied to."""
    if node["type"] == "field":
        yield str(node["value"])
    elif node["type"] in _STARTS:
        yield from _first_names(node["children"][0])
    elif node["type"] not in {"expref", "slice"}:
        for child in node["children"]:
            yield from _first_names(child)
