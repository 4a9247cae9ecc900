"""What a Content-Type header says."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r';\s*(?P<name>[^\s=;"]+)=(?P<value>"[^"]*"|[^\s;"]*)')


class MediaType:
    """A Content-Type: its `name` in lower case, and its parameters."""

    def __init__(self, header: str) -> None:
        self.name = header.partition(";")[0].strip().lower()
        self._parameters = {
            match["name"].lower(): match["value"] for match in _PARAMETER.finditer(header)
        }

    @property
    def is_utf8(self) -> bool:
        """Whether the body is in UTF-8: said so, or not said otherwise."""
        return self.parameter("charset").strip('"').lower() in ("", "utf-8")

    def parameter(self, name: str) -> str:
        """Return a parameter with its quotes, "" if it is not there."""
        return self._parameters.get(name, "")
