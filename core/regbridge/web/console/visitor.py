"""Who looks at the console, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do: look, or look and act."""

    LOOK = "look"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in. `session` ties the tokens of forms to them."""

    name: str
    role: Role
    address: str
    session: str

    @property
    def may_act(self) -> bool:
        """Whether they may do more than look."""
        return self.role is Role.ACT
