"""The texts for people in a module's source, each with its remedy where it has one.

What is put together is shown with `…` in the place of what is only known when it happens. A text
that a function is given is looked for where the function is called in the same module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

FINDINGS = {"Finding": (1, "message"), "ConfigError.of": (0, "message")}
_REMEDY = {"Finding": (3, "remedy"), "ConfigError.of": (1, "remedy")}
ERRORS = (
    "AmbiguousError",
    "AuthenticationError",
    "CredentialsError",
    "MalformedMessageError",
    "QuotaExceededError",
    "RejectedError",
    "RetryableError",
    "StoreUnavailableError",
)
_MODELS = "ValueError"


@dataclass(frozen=True, slots=True)
class Said:
    """A text, its remedy ("" for none), what is made of it, and what its module is for."""

    text: str
    remedy: str
    kind: str
    purpose: str


def said_in(path: Path) -> Iterator[Said]:
    """Yield the texts of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    purpose = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    module = _Module(tree, reads_settings="config" in path.parts or "settings" in path.stem)
    for kind, text, remedy in module.said():
        if any(letter.isalpha() for letter in text):
            yield Said(text, remedy, kind, purpose)


class _Module:
    def __init__(self, tree: ast.Module, *, reads_settings: bool) -> None:
        self._kinds = {*FINDINGS, *ERRORS, *([_MODELS] if reads_settings else [])}
        self._functions: dict[str, Function] = {}
        self._inside: dict[ast.AST, Function | None] = {}
        self._constants = _assigned(tree.body)
        self._calls: list[ast.Call] = []
        self._visit(tree, None)

    def _visit(self, node: ast.AST, function: Function | None) -> None:
        for child in ast.iter_child_nodes(node):
            self._inside[child] = function
            if isinstance(child, ast.Call):
                self._calls.append(child)
            inner = child if isinstance(child, Function) else function
            if isinstance(child, Function):
                self._functions[child.name] = child
            self._visit(child, inner)

    def said(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is made of a text, the text, and its remedy."""
        for call in self._calls:
            kind = ast.unparse(call.func)
            if kind not in self._kinds or _is_ok(call):
                continue
            text = _argument(call, *FINDINGS.get(kind, (0, "message")))
            remedy = _argument(call, *_REMEDY[kind]) if kind in _REMEDY else None
            yield from self._pairs(kind, text, remedy, self._inside[call])

    def _pairs(
        self, kind: str, text: ast.expr | None, remedy: ast.expr | None, where: Function | None
    ) -> Iterator[tuple[str, str, str]]:
        given = [_parameter(each, where) for each in (text, remedy)]
        if where is not None and given[0] is not None:
            for call in self._calls:
                if ast.unparse(call.func).rpartition(".")[2] == where.name:
                    there = [
                        _argument(call, *place) if place else own
                        for place, own in zip(given, (text, remedy), strict=True)
                    ]
                    if there[0] is not text:
                        yield from self._pairs(kind, there[0], there[1], self._inside[call])
            return
        texts = self._texts(text, where)
        remedies = self._texts(remedy, where) or [""]
        if len(texts) == len(remedies):
            yield from ((kind, *pair) for pair in zip(texts, remedies, strict=True))
        elif texts:  # who is given a remedy last was given his text last
            both = isinstance(remedy, ast.Name)
            yield from ((kind, each, remedies[-1]) for each in (texts[-1:] if both else texts))

    def _texts(self, value: ast.expr | None, where: Function | None) -> list[str]:
        """Return what a value may be, as far as the source says it, in the order of the source."""
        match value:
            case ast.Constant(value=str() as text):
                return [text] if text else []
            case ast.JoinedStr():
                return [self._joined(value, where)]
            case ast.BinOp(op=ast.Add()):
                left, right = self._texts(value.left, where), self._texts(value.right, where)
                return [f"{a}{b}" for a in left or ["…"] for b in right or ["…"]]
            case ast.BoolOp(values=values):
                return [text for each in values for text in self._texts(each, where)]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self._texts(body, where), *self._texts(orelse, where)]
            case ast.Call(func=ast.Name(id="did_you_mean")):
                return ["the nearest valid name is named, if there is one"]
            case ast.Name():
                return [
                    text for each in self._values(value, where) for text in self._texts(each, where)
                ]
        return []

    def _values(self, name: ast.Name, where: Function | None) -> list[ast.expr]:
        """Return what a name was set to before it is used here."""
        found = _assigned(ast.walk(where)).get(name.id, []) if where else []
        before = [value for value in found if value.lineno < name.lineno]
        return sorted(before, key=lambda value: value.lineno) or self._constants.get(name.id, [])

    def _joined(self, value: ast.JoinedStr, where: Function | None) -> str:
        parts = [
            str(part.value) if isinstance(part, ast.Constant) else self._known(part, where)
            for part in value.values
        ]
        return "".join(parts)

    def _known(self, part: ast.expr, where: Function | None) -> str:
        """Return a text that another is put together with, or a gap."""
        if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
            values = self._values(part.value, where)
            match values:
                case [ast.Constant(value=text)]:
                    return str(text)
                case [ast.JoinedStr() as text]:
                    return self._joined(text, where)
        return "…"


def _assigned(nodes: object) -> Mapping[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:  # type: ignore[attr-defined]
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for each, value in zip(names, values, strict=False):
                    if isinstance(each, ast.Name):
                        found.setdefault(each.id, []).append(value)
    return found


def _argument(call: ast.Call, number: int, name: str) -> ast.expr | None:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in keywords:
        return keywords[name]
    return call.args[number] if number < len(call.args) else None


def _parameter(value: ast.expr | None, where: Function | None) -> tuple[int, str] | None:
    """Return the place and the name of the parameter that a value is, None for anything else."""
    if where is None or not isinstance(value, ast.Name):
        return None
    names = [argument.arg for argument in where.args.args]
    if value.id not in names:
        return None
    methods = 1 if names[0] in ("self", "cls") else 0
    return names.index(value.id) - methods, value.id


def _is_ok(call: ast.Call) -> bool:
    return bool(call.args) and ast.unparse(call.args[0]) == "Level.OK"
