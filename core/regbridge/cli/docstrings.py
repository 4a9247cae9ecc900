"""What a command says about itself, read from its source so that the help imports no command."""

from __future__ import annotations

import ast
from importlib.util import decode_source, find_spec
from pathlib import Path


def docstring(module: str, name: str) -> str:
    """Return the docstring of a function, or of the callback of a `typer.Typer` of that name.

    Empty when there is none, or no source. Raises what a package around the module may raise, and
    `SyntaxError`.
    """
    for statement in ast.parse(_source(module)).body:
        if isinstance(statement, ast.FunctionDef) and name in (statement.name, *_apps(statement)):
            return ast.get_docstring(statement) or ""
    return ""


def _source(module: str) -> str:
    spec = find_spec(module)
    # Not the loader's: that of a test run may be pytest's, which gives no source.
    if spec and spec.origin and spec.origin.endswith(".py") and Path(spec.origin).is_file():
        return decode_source(Path(spec.origin).read_bytes())
    return ""


def _apps(function: ast.FunctionDef) -> list[str]:
    """Return the names of the apps whose callback a function is: `@app.callback()` is above it."""
    decorators = map(ast.unparse, function.decorator_list)
    return [name.removesuffix(".callback()") for name in decorators if name.endswith(".callback()")]
