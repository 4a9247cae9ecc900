"""The model of `host.console` in `base.yaml`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from regbridge.config.model import Model
from regbridge.config.networks import Networks
from regbridge.secret import Secret

SHORTEST_PASSWORD = 12


def _long_enough(password: SecretStr) -> SecretStr:
    if len(password.get_secret_value()) < SHORTEST_PASSWORD:
        raise ValueError(f"a password of the console has at least {SHORTEST_PASSWORD} characters")
    return password


Password = Annotated[Secret, AfterValidator(_long_enough)]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
Person = Annotated[str, Field(min_length=1)]


class ConsoleConfig(Model):
    """Who may use the console: with a password, or as the person that a trusted proxy names."""

    password: Password | None = None
    """Lets in who knows it, to look and to act."""

    look_password: Password | None = None
    """Lets in who knows it, to look alone."""

    identity_header: Header | None = None
    """The header in which trusted_proxy names who is logged in, such as X-Remote-User."""

    act: tuple[Person, ...] = ()
    """The people, as the identity header names them, who may look and act."""

    look: tuple[Person, ...] = ()
    """The people who may look alone; `*` for everybody whom the header names."""

    allow_from: Networks | None = None
    """The addresses and networks that may reach it; those of host.allow_from when left out."""

    session_hours: Annotated[float, Field(gt=0, le=168)] = 8
    """How long a login with a password holds."""

    @model_validator(mode="after")
    def _someone_gets_in(self) -> Self:
        if self.identity_header is None and (self.act or self.look):
            raise ValueError("act and look name people, so identity_header has to be set")
        if self.identity_header is not None and not (self.act or self.look):
            raise ValueError("nobody gets in by identity_header; name people in act or look")
        if self.password is None and self.look_password is None and self.identity_header is None:
            raise ValueError("nobody gets in; set a password, or an identity_header")
        return self
