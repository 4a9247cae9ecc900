"""The settings of each plugin: name, type, default and meaning, from its model."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from docs.generate.distributions import ROOT, Declared, declared
from docs.generate.markdown import code, first_paragraph, first_sentence, table
from docs.generate.types import models_in, words
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from regbridge.installed import hooks_of
from regbridge.registry import GROUP

_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def write(about: str) -> str:
    """Return the settings of one bundled plugin, or of all plugins of their own packages."""
    if about != "packages":
        [plugin] = [each for each in declared(GROUP) if each.entry.name == about]
        return _plugin(plugin)
    own = [each for each in declared(GROUP) if each.distribution != "regbridge"]
    return "\n\n".join(_package(each) for each in own) or "There are none."


def example_of(plugin: Declared) -> str:
    """Return the first YAML of a package that uses its plugin, "" for none.

    That is a block of its README, or else one of its example clients.
    """
    shown = _YAML.findall((plugin.folder / "README.md").read_text(encoding="utf-8"))
    clients = sorted(plugin.folder.glob("configs/clients/*.yaml"))
    files = [path.read_text(encoding="utf-8") for path in clients if ".cases." not in path.name]
    uses = re.compile(rf"use: {re.escape(plugin.entry.name)}\b")
    return next((text for text in [*shown, *files] if uses.search(text)), "")


def _package(plugin: Declared) -> str:
    readme = (plugin.folder / "README.md").relative_to(ROOT).as_posix()
    parts = [
        f"### {plugin.entry.name}",
        f"Of the package `{plugin.distribution}`, which [its page](../../{readme}) describes.",
        _plugin(plugin),
    ]
    if example := example_of(plugin):
        parts.append(f"```yaml\n{example}```")
    return "\n\n".join(parts)


def _plugin(plugin: Declared) -> str:
    found = plugin.load()
    hooks = ", ".join(code(name) for name in hooks_of(found))
    parts = [first_paragraph(found), f"Hooks: {hooks}.", *_tables(found.settings_model)]
    return "\n\n".join(part for part in parts if part)


def _tables(model: type[BaseModel]) -> Iterator[str]:
    """Yield the table of a model, then those of the models that it holds."""
    waiting, seen = [(model, "")], {model}
    while waiting:
        current, under = waiting.pop(0)
        fields = current.model_fields
        if not fields:
            yield "It has no settings."
            continue
        if under:
            yield f"Under `{under}`: {_lower(first_sentence(first_paragraph(current)))}."
        rows = [_row(current, name, field) for name, field in fields.items()]
        yield table(["setting", "type", "default", "is"], rows)
        for name, field in fields.items():
            path = ".".join(filter(None, [under, field.alias or name]))
            new = [each for each in models_in(field.annotation) if each not in seen]
            waiting += [(each, path) for each in new]
            seen.update(new)


def _row(model: type[BaseModel], name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    meaning = field.description or _docstring(model, name)
    shown = code(field.alias or name)
    return shown, words(field.annotation), default(field), _lower(meaning).rstrip(".")


def _lower(text: str) -> str:
    plain = " ".join(text.split())
    return plain if plain[1:2].isupper() else plain[:1].lower() + plain[1:]


def default(field: FieldInfo) -> str:
    """Return a setting's default as YAML has it."""
    if field.is_required():
        return "required"
    match field.get_default(call_default_factory=True):
        case None | "" | () | {} | []:
            return ""
        case BaseModel():
            return ""
        case bool() as truth:
            return code(str(truth).lower())
        case Enum() as value:
            return code(str(value.value))
        case float() as number if number.is_integer():
            return code(str(int(number)))
        case tuple() | list() | frozenset() as values:
            return code(f"[{', '.join(_plain(value) for value in values)}]")
        case Path() as path:
            return code(path.as_posix())
        case value:
            return code(_plain(value))


def _plain(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def _docstring(model: type[BaseModel], name: str) -> str:
    """Return the text under a field, in the class that declares it."""
    for cls in model.__mro__:
        if name in inspect.get_annotations(cls):
            [tree] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
            assert isinstance(tree, ast.ClassDef)
            for part, after in zip(tree.body, [*tree.body[1:], None], strict=True):
                match part, after:
                    case ast.AnnAssign(target=ast.Name(id=found)), ast.Expr(
                        value=ast.Constant(value=str() as text)
                    ) if found == name:
                        return text
    return ""
