"""The models of the configuration files: what `base.yaml` and a client file may say."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ByteSize, Field, SecretStr, model_validator

from regbridge.config.alerts import AlertsConfig
from regbridge.config.api import ApiConfig
from regbridge.config.console import ConsoleConfig
from regbridge.config.database import DEFAULT_URL, DatabaseUrl
from regbridge.config.encryption import EncryptionConfig
from regbridge.config.metrics import MetricsConfig
from regbridge.config.model import Model
from regbridge.config.networks import Networks
from regbridge.config.ready import ReadyConfig
from regbridge.config.reconcile import ReconcileConfig
from regbridge.config.words import Id, Name, TimeZone, UrlPath
from regbridge.models import KeyedOn, Kind
from regbridge.secret import Secret


class PluginUse(Model):
    """One use of a plugin: an installed name, `module:Class`, or `./file.py:Class`."""

    use: Annotated[str, Field(min_length=1)]
    """The plugin: an installed name, module:Class, or ./file.py:Class."""

    settings: dict[str, Any] = {}
    """What this plugin lets you set; `regbridge plugins` lists it."""


def _by_name(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


NamedPlugin = Annotated[
    PluginUse, BeforeValidator(_by_name, json_schema_input_type=str | PluginUse)
]


class EndpointConfig(Model):
    """A URL path that Cvent posts to."""

    path: UrlPath
    """The path as it is configured at Cvent, such as /cvent/example/CventReg."""

    tokens: list[Secret] = []
    """The values of Authorization that are let in; several while one is being rotated, none where
    cvent-oauth alone lets in."""

    events: list[Name] = []
    """The names of the events that this endpoint takes; all when left out."""

    allow_from: Networks | None = None
    """The addresses and networks that may reach this path; those of host.allow_from, or all, when
    left out."""

    silence_hours: Annotated[float, Field(gt=0, le=8760)] | None = None
    """An alert when nothing has arrived here for so many hours; none when left out."""


class QuestionConfig(Model):
    """A registration question, by GUID (`id`), by its portable `code`, or by its exact `text`."""

    id: Id | None = None
    code: Annotated[str, Field(min_length=1)] | None = None
    text: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> QuestionConfig:
        if [self.id, self.code, self.text].count(None) != 2:
            raise ValueError("a question is named by one of its id (a GUID), its code, its text")
        return self


def _by_id(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


NamedQuestion = Annotated[
    QuestionConfig, BeforeValidator(_by_id, json_schema_input_type=str | QuestionConfig)
]


class ProductConfig(Model):
    """A session, admission item or other product, by GUID (`id`) or by its exact `name`."""

    id: Id | None = None
    name: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ProductConfig:
        if (self.id is None) == (self.name is None):
            raise ValueError("a product is named by either its id, a GUID, or its name")
        return self


NamedProduct = Annotated[
    ProductConfig, BeforeValidator(_by_id, json_schema_input_type=str | ProductConfig)
]


class EventConfig(Model):
    """What differs for one event."""

    id: Id
    """Cvent's eventStub."""

    time_zone: TimeZone | None = None
    """Where the event takes place (an IANA name); the client's time zone when left out."""

    questions: dict[Name, NamedQuestion] = {}
    """The names that the mapping uses for this event's questions: {code: CODE}, {text: TEXT}, or a
    GUID."""

    products: dict[Name, NamedProduct] = {}
    """The names that the mapping uses for what people order: {name: NAME}, or a GUID."""


class TargetConfig(PluginUse):
    """A CRM destination: its plugin, the kinds of message that it takes, and its mapping."""

    kinds: Annotated[list[Kind], Field(min_length=1)] = [Kind.REGISTRATION]
    """What this target takes; registrations when left out."""

    keyed_on: KeyedOn = KeyedOn.REGISTRANT
    """What one record at the target stands for."""

    time_zone: TimeZone | None = None
    """The zone that this target's times are written in; that of each event when left out."""

    after: Name | None = None
    """The target that each registration has to reach before this one."""

    map: dict[str, Any] = {}
    """The target's fields, and where their values come from."""


class ClientConfig(Model):
    """One client file, merged over `base.yaml`."""

    client: Name
    """The client's name, unique among the client files."""

    time_zone: TimeZone = "UTC"
    """The time zone of events that name none."""

    endpoints: Annotated[dict[Name, EndpointConfig], Field(min_length=1)]
    """The URL paths that Cvent posts to."""

    events: dict[Name, EventConfig] = {}
    """The events by a name of your own: only what differs per event."""

    kinds: dict[str, Kind] = {}
    """What event types are about that regbridge does not know, or knows otherwise."""

    plugins: list[NamedPlugin] = []
    """The plugins in call order: authentication, filters, enrichment."""

    dedupe: NamedPlugin = PluginUse(use="latest")
    """Which registrations stand for the same change."""

    mapping: NamedPlugin = PluginUse(use="yaml-map")
    """What reads the map: of the targets."""

    reconcile: ReconcileConfig | None = None
    """How the worker compares the events with Cvent by itself; by hand alone when left out."""

    targets: Annotated[dict[Name, TargetConfig], Field(min_length=1)]
    """Where records are delivered."""


class RetryConfig(Model):
    """How long a failing delivery is tried before it is parked."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 12
    """Attempts of one registration."""

    bug_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """Attempts when a plugin fails in a way that it does not explain."""


class WorkerConfig(Model):
    """The worker's pace."""

    lease_seconds: Annotated[float, Field(gt=0, le=3600)] = 60
    """How long a worker may work on what it claimed before others take it over."""

    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1
    """How often an idle worker looks for work."""

    batch_size: Annotated[int, Field(ge=1, le=5000)] = 2000
    """The most registrations that are claimed together."""

    retry: RetryConfig = RetryConfig()
    """How long a failing delivery is tried."""


class PostgresqlConfig(Model):
    """How the host uses a PostgreSQL server; SQLite has no use for any of it."""

    pool_size: Annotated[int, Field(ge=1, le=500)] = 20
    """The most connections that this process opens, one more for each of waking and waiting."""

    pool_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long a step waits for a free connection."""

    connect_timeout_seconds: Annotated[int, Field(ge=2, le=600)] = 5
    """How long a server may take to answer a new connection."""

    statement_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60
    """How long one statement may take before the server ends it."""

    lock_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 15
    """How long a statement may wait for rows that another host holds."""

    retry_seconds: Annotated[float, Field(ge=0, le=600)] = 15
    """How long a lost connection is made anew before Cvent is told to come back later."""


class HostConfig(Model):
    """The host's own settings, the `host:` block of `base.yaml`."""

    database: Annotated[DatabaseUrl, Field(json_schema_extra={"default": DEFAULT_URL})] = SecretStr(
        DEFAULT_URL
    )
    """A SQLAlchemy URL, or {env: NAME} for one with a password; SQLite paths start here."""

    postgresql: PostgresqlConfig = PostgresqlConfig()
    """How a PostgreSQL server is used."""

    encryption: EncryptionConfig | None = None
    """The keys by which the ledger is encrypted; it is not when left out."""

    address: str = "127.0.0.1"
    """The address that the web server listens at."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port that the web server listens at; 0 takes any free one."""

    threads: Annotated[int, Field(ge=1, le=256)] = 32
    """The most requests that are answered at once."""

    body_limit: ByteSize = ByteSize(100_000_000)
    """The largest body that is taken, inflated: a number of bytes, or text such as 100MB."""

    trusted_proxy: Networks = ()
    """The addresses and networks of the proxies (IIS, nginx) whose X-Forwarded headers are
    believed."""

    allow_from: Networks | None = None
    """The addresses and networks that may reach what has no allow_from of its own; all when left
    out."""

    reload_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    """How often the client files are looked at for changes; 0 for never, until a restart."""

    worker: WorkerConfig = WorkerConfig()
    """The worker's pace."""

    alerts: AlertsConfig = AlertsConfig()
    """Who is told when something needs a person."""

    console: ConsoleConfig | None = None
    """Who may use the console at /console; there is none when left out."""

    api: ApiConfig | None = None
    """Who may ask the API under /api/v1; there is none when left out."""

    metrics: MetricsConfig | None = None
    """Who may read the metrics at /metrics; there are none when left out."""

    ready: ReadyConfig = ReadyConfig()
    """From when on /health/ready says that this host is degraded."""

    @model_validator(mode="after")
    def _proxy_is_known(self) -> Self:
        if self.console and self.console.identity_header and not self.trusted_proxy:
            raise ValueError("console.identity_header is believed of trusted_proxy alone; set it")
        return self
