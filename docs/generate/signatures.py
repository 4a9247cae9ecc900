"""Signatures as their author wrote them, told from the source: the same on every Python."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator

_SHOWN = tuple(
    f"@{name}"
    for name in (
        "property",
        "classmethod",
        "staticmethod",
        "abstractmethod",
        "contextmanager",
        "pytest.fixture",
    )
)


def of_function(function: object, name: str = "") -> str:
    """Return `def name(...) -> ...` of a function or a method."""
    tree = _tree(function)
    assert isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    decorators = [f"@{ast.unparse(each)}" for each in tree.decorator_list]
    shown = [each for each in decorators if each.startswith(_SHOWN)]
    return "\n".join([*shown, _signature(tree, name or tree.name)])


def of_class(cls: type) -> str:
    """Return a class with its public attributes and the signatures of its public methods."""
    tree = _tree(cls)
    assert isinstance(tree, ast.ClassDef)
    bases = [ast.unparse(base) for base in tree.bases if "Generic" not in ast.unparse(base)]
    heading = f"class {tree.name}({', '.join(bases)}):" if bases else f"class {tree.name}:"
    frozen = [f"@{ast.unparse(each)}" for each in tree.decorator_list]
    body = [f"    {line}" for line in _body(tree)] or ["    ..."]
    return "\n".join([*frozen, heading, *body])


def _tree(thing: object) -> ast.stmt:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]  # type: ignore[arg-type]


def _body(tree: ast.ClassDef) -> Iterator[str]:
    for part in tree.body:
        match part:
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                value = f" = {_plain(part.value)}" if part.value else ""
                yield f"{name}: {_plain(part.annotation)}{value}"
            case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
                yield f"{name} = {_plain(part.value)}"
            case ast.FunctionDef() | ast.AsyncFunctionDef() if _is_public(part.name):
                yield from _method(part)


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__", "__enter__")


def _method(tree: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    decorators = [f"@{ast.unparse(each)}" for each in tree.decorator_list]
    yield from (each for each in decorators if each.startswith(_SHOWN))
    yield _signature(tree, tree.name)


def _signature(tree: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> str:
    returns = f" -> {_plain(tree.returns)}" if tree.returns else ""
    start = "async def" if isinstance(tree, ast.AsyncFunctionDef) else "def"
    return f"{start} {name}({', '.join(_parameters(tree.args))}){returns}"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for number, argument in enumerate(positional):
        yield _parameter(
            argument, arguments.defaults[number - without] if number >= without else None
        )
        if number + 1 == len(arguments.posonlyargs):
            yield "/"
    if arguments.vararg:
        yield f"*{_parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)
    if arguments.kwarg:
        yield f"**{_parameter(arguments.kwarg, None)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {_plain(argument.annotation)}" if argument.annotation else ""
    if default is None:
        return f"{argument.arg}{annotation}"
    return f"{argument.arg}{annotation}{' = ' if annotation else '='}{_plain(default)}"


def _plain(tree: ast.expr) -> str:
    """Return an expression on one line, a long one without its middle."""
    text = re.sub(r"\s+", " ", ast.unparse(tree))
    return text if len(text) <= 120 else "..."
