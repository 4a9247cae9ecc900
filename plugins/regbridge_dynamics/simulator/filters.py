"""The grammar of `$filter`: text in, a tree of comparisons out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from regbridge_dynamics.simulator.errors import ApiError, bad_request, not_simulated
from regbridge_dynamics.simulator.namespace import NAMESPACE

_DEEPEST = 50
_TOKEN = re.compile(
    r"(?P<text>'(?:[^']|'')*')"
    r"|(?P<enum>[A-Za-z_][\w.]*\.[A-Za-z_]\w*'[^']*')"
    r"|(?P<literal>(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|-?[0-9][0-9A-Za-z:.+-]*)(?![\w/]))"
    r"|(?P<word>@?[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)"
    r"|(?P<sign>[(),=\[\]])",
    re.ASCII | re.IGNORECASE,
)
_IN = f"{NAMESPACE}In"


class Operator(StrEnum):
    """A comparison."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Kind(StrEnum):
    """How a literal was written: in quotes (also as one of `In`), as an enum, bare, or `null`."""

    TEXT = "text"
    MEMBER = "member"
    ENUM = "enum"
    BARE = "bare"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as the filter writes it, quotes removed."""

    kind: Kind
    text: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`property operator literal`."""

    name: str
    operator: Operator
    literal: Literal


@dataclass(frozen=True, slots=True)
class Combination:
    """Parts that are joined by `and` or `or`, or one part after `not`."""

    word: str
    parts: tuple[Node, ...]


Node = Comparison | Combination


def parse_filter(text: str, aliases: Mapping[str, str]) -> Node:
    """Return what a filter says. `aliases` are the query's `@name=value`. Raises `ApiError`."""
    return _Parser(text, aliases).parse()


def matches(node: Node, holds: Callable[[Comparison], bool]) -> bool:
    """Return whether a filter lets something pass; `holds` says it for one comparison."""
    if isinstance(node, Comparison):
        return holds(node)
    if node.word == "not":
        return not matches(node.parts[0], holds)
    found = (matches(part, holds) for part in node.parts)
    return all(found) if node.word == "and" else any(found)


def comparisons(node: Node) -> Iterator[Comparison]:
    """Yield every comparison of a filter."""
    if isinstance(node, Comparison):
        yield node
    else:
        for part in node.parts:
            yield from comparisons(part)


class _Parser:
    def __init__(self, text: str, aliases: Mapping[str, str]) -> None:
        self._text = text
        self._aliases = aliases
        self._at = 0
        self._kind = ""
        self._word = ""
        self._take()

    def parse(self) -> Node:
        node = self._any(0)
        if self._kind:
            raise self._error()
        return node

    def _any(self, depth: int) -> Node:
        parts = [self._all(depth)]
        while self._is_word("or"):
            self._take()
            parts.append(self._all(depth))
        return Combination("or", tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._is_word("and"):
            self._take()
            parts.append(self._one(depth))
        return Combination("and", tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise bad_request("The node count or depth limit of the filter has been exceeded.")
        if self._is_word("not"):
            self._take()
            return Combination("not", (self._one(depth + 1),))
        if self._word == "(":
            self._take()
            node = self._any(depth + 1)
            self._expect(")")
            return node
        if self._kind != "word":
            raise self._error()
        name = self._take()
        if self._word == "(":
            return self._function(name)
        return Comparison(name, self._operator(), self._literal())

    def _function(self, name: str) -> Node:
        """Read `Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=['a','b'])`."""
        if name != _IN:
            raise not_simulated(f"the function '{name}' in a filter")
        for expected in ("(", "PropertyName", "="):
            self._expect(expected)
        column = self._literal().text
        for expected in (",", "PropertyValues", "=", "["):
            self._expect(expected)
        parts: list[Node] = [Comparison(column, Operator.EQ, self._member())]
        while self._word == ",":
            self._take()
            parts.append(Comparison(column, Operator.EQ, self._member()))
        for expected in ("]", ")"):
            self._expect(expected)
        return Combination("or", tuple(parts))

    def _member(self) -> Literal:
        """Return a value of `In`: all are in quotes, whatever the property's type."""
        if self._kind != "text":
            raise self._error()
        return Literal(Kind.MEMBER, self._literal().text)

    def _operator(self) -> Operator:
        if self._is_word("in"):
            raise bad_request(f"The operator 'in' is not supported; {_IN} is.")
        try:
            return Operator(self._take())
        except ValueError:
            raise self._error() from None

    def _literal(self) -> Literal:
        kind, word = self._kind, self._take()
        if word.startswith("@"):
            if word not in self._aliases:
                raise bad_request(f"The parameter alias '{word}' has no value.")
            inner = _Parser(self._aliases[word], {})
            found = inner._literal()
            if inner._kind:
                raise inner._error()
            return found
        if kind == "text":
            return Literal(Kind.TEXT, word[1:-1].replace("''", "'"))
        if kind == "enum":
            return Literal(Kind.ENUM, word)
        if word == "null":
            return Literal(Kind.NULL)
        if kind == "literal" or word in ("true", "false"):
            return Literal(Kind.BARE, word)
        raise self._error()

    def _is_word(self, word: str) -> bool:
        return self._kind == "word" and self._word == word

    def _expect(self, word: str) -> None:
        if self._word != word:
            raise self._error()
        self._take()

    def _take(self) -> str:
        """Return the word and go on to the next; at the end its kind is ""."""
        taken = self._word
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        match = _TOKEN.match(self._text, self._at)
        if match:
            self._kind, self._word, self._at = match.lastgroup or "", match[0], match.end()
        elif self._at == len(self._text):
            self._kind = self._word = ""
        else:
            raise self._error()
        return taken

    def _error(self) -> ApiError:
        return bad_request(f"Syntax error at position {self._at} in '{self._text}'.")
