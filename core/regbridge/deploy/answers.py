"""What only the administrator knows, remembered in the folder that the files are in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from regbridge.config.model import Model
from regbridge.deploy.plan import Document
from regbridge.errors import ConfigError

FILE = "answers.json"

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")
_NAME = re.compile(r"[a-z][a-z0-9]{0,30}")


def _host_name(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        raise ValueError("a name such as hooks.example.org was expected, without https://")
    return text.lower()


def _service_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("at most 31 small letters (a-z) and digits, the first a letter")
    return text


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no network such as 10.0.0.0/8, and no address") from None


def _version_4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if network.version != 4:
        raise ValueError("IIS is given IPv4 networks alone")
    return network


HostName = Annotated[str, AfterValidator(_host_name)]
ServiceName = Annotated[str, AfterValidator(_service_name)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Answers(Model):
    """What every deployment is told. The places are "" for those of this machine."""

    name: ServiceName = "regbridge"
    program: str = ""
    configs_there: str = ""


class SiteAnswers(Answers):
    """What a deployment with a site is told. `inside` are the networks that reach the console."""

    server_name: HostName
    port: Port = 443


class IisAnswers(SiteAnswers):
    """What IIS is told."""

    inside: tuple[Annotated[Network, AfterValidator(_version_4)], ...] = ()


class NginxAnswers(SiteAnswers):
    """What systemd and nginx are told; `writable` are folders elsewhere that targets write to."""

    certificate: str = ""
    key: str = ""
    inside: tuple[Network, ...] = ()
    writable: tuple[str, ...] = ()
    ipv6: bool = True


AnyAnswers = TypeVar("AnyAnswers", bound=Answers)


def answered(model: type[AnyAnswers], folder: Path, given: Mapping[str, Any]) -> AnyAnswers:
    """Return what was given, over what is remembered in a folder.

    Raises pydantic's `ValidationError`, and `ConfigError` for a file that is no JSON.
    """
    new = {name: value for name, value in given.items() if value not in (None, [])}
    return model.model_validate(_remembered(folder / FILE) | new)


def to_remember(answers: Answers) -> Document:
    """Return the file that remembers answers."""
    return Document(answers.model_dump_json(indent=2, exclude_defaults=True) + "\n")


def _remembered(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError:
        raise ConfigError.of(
            "the file is no JSON", "remove it, and answer anew", str(path)
        ) from None
    return found if isinstance(found, dict) else {}
