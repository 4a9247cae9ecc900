"""The grammar of Cvent's filters: text in, comparisons and their combinations out.

Only what is documented is accepted (reference/cvent-rest-api.md, section 6), because a client must
not rely on anything else. What differs from one operation to the next is a `Dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DEEPEST = 20
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_.{}-]*|[(),]|(?P<quote>['\"])")
_PLAIN = {
    "'": re.compile(r"(?P<text>[^'\\]*)'"),
    '"': re.compile(r'(?P<text>(?:[^"\\]|\\")*)"'),
}
_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "sw", "contains", "in", "match"})
_JOINING = frozenset({"and", "or"})


class FilterError(ValueError):
    """A filter that is refused; the text says where and why, and holds no value of the filter."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one operation documents: the words that join comparisons, brackets, capitals."""

    joining: frozenset[str] = _JOINING
    brackets: bool = False
    capitals: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator 'value'`; no value for `is null`, several for `in`."""

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Combination:
    """Two or more parts joined by one word, `and` or `or`."""

    word: str
    parts: tuple[Node, ...]


Node = Comparison | Combination


def parse(text: str, dialect: Dialect) -> Node:
    """Return what a filter says. Raises `FilterError`."""
    return _Parser(text, dialect).parse()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "word", "text", "end", or the sign itself
    text: str
    start: int


def _tokens(source: str) -> Iterator[_Token]:
    """Yield the tokens of a filter, the last one of kind `end`."""
    at = 0
    apart = True
    while at < len(source):
        if source[at].isspace():
            at, apart = at + 1, True
            continue
        token, at = _next(source, at)
        if not apart and token.kind in ("word", "text"):
            raise FilterError(f"a space is missing before character {token.start + 1}")
        yield token
        apart = token.kind in ("(", ",")
    yield _Token("end", "", len(source))


def _next(source: str, at: int) -> tuple[_Token, int]:
    found = _SYMBOL.match(source, at)
    if not found:
        raise FilterError(f"character {at + 1} begins neither a name nor a value in quotes")
    if quote := found["quote"]:
        return _quoted(source, quote, at)
    kind = found[0] if found[0] in "()," else "word"
    return _Token(kind, found[0], at), found.end()


def _quoted(source: str, quote: str, at: int) -> tuple[_Token, int]:
    found = _PLAIN[quote].match(source, at + 1)
    if found:
        return _Token("text", found["text"].replace('\\"', '"'), at), found.end()
    if "\\" in source[at:]:
        raise FilterError(
            f"the value at character {at + 1}: a backslash is documented only before a double "
            "quote in a value in double quotes"
        )
    raise FilterError(f"the quote at character {at + 1} is not closed")


class _Parser:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self._dialect = dialect
        self._tokens = _tokens(text)
        self._token = next(self._tokens)

    def parse(self) -> Node:
        node = self._chain(0)
        if self._token.kind == ")":
            raise FilterError(f"the bracket at {self._place()} closes nothing")
        return node

    def _chain(self, depth: int) -> Node:
        """Read parts that are all joined by the same word."""
        parts = [self._part(depth)]
        joined_by = ""
        while self._token.kind not in (")", "end"):
            word = self._joining_word()
            if joined_by not in ("", word):
                raise FilterError(
                    f"`and` and `or` meet at {self._place()} without brackets, and which of them "
                    "binds first is not documented"
                )
            joined_by = word
            self._take()
            parts.append(self._part(depth))
        return Combination(joined_by, tuple(parts)) if joined_by else parts[0]

    def _joining_word(self) -> str:
        token = self._token
        word = token.text.lower() if self._dialect.capitals else token.text
        if token.kind != "word" or word not in _JOINING:
            raise FilterError(f"`and` or `or` must stand at {self._place()}")
        if word not in self._dialect.joining:
            raise FilterError(f"`{word}` is not documented for this operation")
        return word

    def _part(self, depth: int) -> Node:
        if self._token.kind != "(":
            return self._comparison()
        if not self._dialect.brackets:
            raise FilterError(
                f"the bracket at {self._place()}: brackets are not documented for this operation"
            )
        if depth == _DEEPEST:
            raise FilterError(f"more than {_DEEPEST} brackets are open at {self._place()}")
        self._take()
        node = self._chain(depth + 1)
        self._expect(")", "a bracket must be closed")
        return node

    def _comparison(self) -> Comparison:
        field = self._expect("word", "the name of a field must stand").text
        operator = self._operator()
        if operator.startswith("is "):
            return Comparison(field, operator)
        values = self._list() if operator == "in" else (self._value(),)
        return Comparison(field, operator, values)

    def _operator(self) -> str:
        place = self._place()
        word = self._expect("word", "an operator must stand").text
        if word in _COMPARISONS:
            return word
        if word == "is":
            word = f"is {self._expect('word', 'null or empty must stand').text}"
            if word == "is not":
                word = f"is not {self._expect('word', 'null or empty must stand').text}"
            if word.split()[-1] in ("null", "empty"):
                return word
        raise FilterError(f"no operator is called what stands at {place}")

    def _list(self) -> tuple[str, ...]:
        self._expect("(", "the list of `in` must begin with a bracket")
        values = [self._value()]
        while self._token.kind == ",":
            self._take()
            values.append(self._value())
        self._expect(")", "the list of `in` must end with a bracket")
        return tuple(values)

    def _value(self) -> str:
        return self._expect("text", "a value in quotes must stand").text

    def _expect(self, kind: str, what: str) -> _Token:
        if self._token.kind != kind:
            raise FilterError(f"{what} at {self._place()}")
        return self._take()

    def _take(self) -> _Token:
        token = self._token
        self._token = next(self._tokens)
        return token

    def _place(self) -> str:
        if self._token.kind == "end":
            return "the end"
        return f"character {self._token.start + 1}"
