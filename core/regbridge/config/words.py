"""The texts of a configuration file that follow a rule: names, paths, time zones, ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, WithJsonSchema

from regbridge.message import normal_id
from regbridge.nearest import did_you_mean

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_NAME_RULE = (
    "a name is at most 64 letters (a-z), digits, dots, hyphens and underscores, and starts with a "
    "letter or a digit"
)
_PATH = r"(?=.{1,200}$)(/[A-Za-z0-9._~-]+)+"
_PATH_RULE = (
    "a path is at most 200 letters (a-z), digits and . _ ~ - between slashes, with a slash at its "
    "start and none at its end"
)


def _follows(pattern: str, rule: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return check


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        near = did_you_mean(name, available_timezones())
        remedy = near or "use an IANA name such as America/New_York"
        raise ValueError(f"no time zone {name!r}; {remedy}") from None
    return name


def _some_id(value: str) -> str:
    if not normal_id(value):
        raise ValueError("this id is empty or all zeros, which is Cvent's way to say none")
    return value


Name = Annotated[
    str,
    AfterValidator(_follows(_NAME, _NAME_RULE)),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]
_OUR_OWN = ("/api", "/console", "/health", "/metrics")


def is_our_own(path: str) -> bool:
    """Say whether the host answers a path itself."""
    return f"/{path.lstrip('/').partition('/')[0]}" in _OUR_OWN


def _not_our_own(path: str) -> str:
    if is_our_own(path):
        raise ValueError(f"paths below {', '.join(_OUR_OWN)} are the host's own; take another one")
    return path


UrlPath = Annotated[
    str,
    AfterValidator(_follows(_PATH, _PATH_RULE)),
    AfterValidator(_not_our_own),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATH}$"}),
]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
Id = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_some_id)]
