"""A tree of YAML nodes → plain values with their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from regbridge.config.place import Keys
from regbridge.config.yaml_syntax import MAX_DEPTH, MERGE, SCALARS, TEXT, YamlError

_MAX_VALUES = 100_000
_COLLECTIONS: Mapping[type[yaml.Node], str] = {
    yaml.MappingNode: "tag:yaml.org,2002:map",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
}

_Entries = dict[str, tuple[int, yaml.Node]]
"""A mapping's values, and the lines of their keys."""


class Reader:
    """Reads one file's nodes.

    `problems` gathers what is wrong, so that all of it is shown at once. What would never end
    raises `YamlError`.
    """

    def __init__(self) -> None:
        self.lines: dict[Keys, int] = {}
        self.problems: list[YamlError] = []
        self._count = 0
        self._open: set[int] = set()

    def read(self, node: yaml.Node, keys: Keys = ()) -> Any:
        """Return the node's value and note the lines of all that is in it, from `keys` on."""
        self.lines.setdefault(keys, node.start_mark.line + 1)
        self._add(1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, keys)
        if id(node) in self._open or len(keys) > MAX_DEPTH:
            self._note(node, keys, "an anchor leads back to itself, or nests too deeply")
            return None
        if node.tag != _COLLECTIONS[type(node)]:
            self._refuse_tag(node, keys)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, keys)
            return self._list(node, keys)
        finally:
            self._open.remove(id(node))

    def _list(self, node: yaml.Node, keys: Keys) -> list[Any]:
        return [self.read(item, (*keys, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        value = {}
        for key, (line, entry) in self._entries(node, keys).items():
            self.lines[*keys, key] = line
            value[key] = self.read(entry, (*keys, key))
        return value

    def _entries(self, node: yaml.MappingNode, keys: Keys) -> _Entries:
        """Return what is in a mapping, first what `<<` brings."""
        merged: _Entries = {}
        own: _Entries = {}
        for key_node, entry in node.value:
            if key_node.tag == MERGE:
                merged = merged | self._merged(entry, keys) | merged
            elif not isinstance(key_node, yaml.ScalarNode) or key_node.tag != TEXT:
                self._note(key_node, keys, "this key is not text", "write it in quotes")
            elif (key := self._text(key_node, keys)) in own:
                twice = f"the key {key!r} is here twice; it is also on line {own[key][0]}"
                self._note(key_node, (*keys, key), twice, "remove one of them")
            else:
                own[key] = (key_node.start_mark.line + 1, entry)
        return merged | own

    def _merged(self, node: yaml.Node, keys: Keys) -> _Entries:
        """Return what the mappings of one `<<` bring; the first of them wins."""
        merged: _Entries = {}
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode) or id(source) in self._open:
                self._note(node, keys, "<< takes another mapping, or a list of them")
                continue
            self._open.add(id(source))
            entries = self._entries(source, keys)
            self._open.remove(id(source))
            self._add(1 + len(entries))
            merged = merged | entries | merged
        return merged

    def _scalar(self, node: yaml.ScalarNode, keys: Keys) -> Any:
        if node.tag == TEXT:
            return self._text(node, keys)
        pattern, convert = SCALARS.get(node.tag, (None, str))
        if pattern and pattern.match(node.value):
            return convert(node.value)
        self._refuse_tag(node, keys)
        return None

    def _text(self, node: yaml.ScalarNode, keys: Keys) -> str:
        text = str(node.value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self._note(node, keys, "half a character (a lone surrogate) is no text")
        return text

    def _refuse_tag(self, node: yaml.Node, keys: Keys) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(node, keys, f"the tag {tag} is not allowed here", "leave it out")

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > _MAX_VALUES:
            message = f"anchors expand to too much: the file holds more than {_MAX_VALUES} values"
            raise YamlError(1, message)

    def _note(self, node: yaml.Node, keys: Keys, message: str, remedy: str = "") -> None:
        self.problems.append(YamlError(node.start_mark.line + 1, message, remedy, keys))
