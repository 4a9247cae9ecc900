"""The models of the configuration files: what `base.yaml` and a client file may say."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field

from regbridge.models import KeyedOn, Kind
from regbridge.secret import Secret


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(
            f"no time zone {name!r}; use an IANA name such as America/New_York"
        ) from None
    return name


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
UrlPath = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)+$", max_length=200)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class Model(BaseModel):
    """Base of the configuration models: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PluginUse(Model):
    """One use of a plugin: an installed name, `module:Class`, or `./file.py:Class`."""

    use: Annotated[str, Field(min_length=1)]
    settings: dict[str, Any] = {}


def _by_name(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


NamedPlugin = Annotated[PluginUse, BeforeValidator(_by_name)]


class EndpointConfig(Model):
    """A URL path that Cvent posts to, its tokens, and the events that it takes (all if empty)."""

    path: UrlPath
    tokens: Annotated[list[Secret], Field(min_length=1)]
    events: list[Name] = []


class QuestionConfig(Model):
    """A registration question, by GUID (`id`) or by its portable `code`."""

    id: str | None = None
    code: str | None = None


def _by_id(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


class EventConfig(Model):
    """What differs for one event: its eventStub, its time zone, its questions by name."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    time_zone: TimeZone | None = None
    questions: dict[Name, Annotated[QuestionConfig, BeforeValidator(_by_id)]] = {}


class TargetConfig(PluginUse):
    """A CRM destination: its plugin, the kinds of message that it takes, and its mapping."""

    kinds: list[Kind] = [Kind.REGISTRATION]
    keyed_on: KeyedOn = KeyedOn.REGISTRANT
    time_zone: TimeZone | None = None
    map: dict[str, Any] = {}


class ClientConfig(Model):
    """One client file, merged over `base.yaml`."""

    client: Name
    time_zone: TimeZone = "UTC"
    endpoints: Annotated[dict[Name, EndpointConfig], Field(min_length=1)]
    events: dict[Name, EventConfig] = {}
    kinds: dict[str, Kind] = {}
    plugins: list[NamedPlugin] = []
    dedupe: NamedPlugin = PluginUse(use="latest")
    mapping: NamedPlugin = PluginUse(use="yaml-map")
    targets: Annotated[dict[Name, TargetConfig], Field(min_length=1)]


class RetryConfig(Model):
    """How long a failing delivery is tried: attempts of one registration before it is parked."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 12
    bug_attempts: Annotated[int, Field(ge=1, le=100)] = 3


class WorkerConfig(Model):
    """The worker's pace. Seconds, and numbers of registrations."""

    lease_seconds: Annotated[float, Field(gt=0, le=3600)] = 60
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1
    batch_size: Annotated[int, Field(ge=1, le=5000)] = 500
    retry: RetryConfig = RetryConfig()


class HostConfig(Model):
    """The host's own settings, the `host:` block of `base.yaml`.

    `database` is a SQLAlchemy URL; a relative SQLite path starts at the folder of `base.yaml`.
    """

    database: str = "sqlite:///regbridge.db"
    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    threads: Annotated[int, Field(ge=1, le=256)] = 32
    body_limit: ByteSize = ByteSize(100_000_000)
    trusted_proxy: str | None = None
    worker: WorkerConfig = WorkerConfig()
