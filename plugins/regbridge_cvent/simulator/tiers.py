"""The usage tiers of Cvent's accounts (reference/cvent-rest-api.md, section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tier:
    """What an account may do: `quota` calls a day (None: any number), `rate` calls a second.

    `burst` calls may come at once.
    """

    name: str
    quota: int | None
    rate: int
    burst: int


FREE = Tier("API_Platform_Free_Tier", 1_000, 2, 1)
STANDARD = Tier("API_Platform_Standard_Tier", 15_000, 10, 10)
PREMIUM = Tier("API_Platform_Premium_Tier", 500_000, 25, 25)

_TIERS = {"free": FREE, "standard": STANDARD, "premium": PREMIUM}
_NUMBERS = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,4})/([1-9]\d{0,4})", re.ASCII)


def read_tier(text: str) -> Tier:
    """Return a tier by its name, or by its numbers as in `15000/10/10`: quota, rate, burst.

    Raises `ValueError`, which says what is possible.
    """
    if found := _TIERS.get(text.lower()):
        return found
    if numbers := _NUMBERS.fullmatch(text):
        return Tier(f"quota {text}", *map(int, numbers.groups()))
    raise ValueError(
        f"there is no tier {text!r}: name {', '.join(_TIERS)}, or give calls a day, calls a second "
        "and burst, such as 15000/10/10"
    )
