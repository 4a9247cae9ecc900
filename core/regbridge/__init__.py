"""What a plugin author imports: hook markers, base classes, values and errors."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from regbridge.errors import (
    AmbiguousError,
    AuthenticationError,
    ConfigError,
    CredentialsError,
    MalformedMessageError,
    PluginError,
    QuotaExceededError,
    RegbridgeError,
    RegistrationError,
    RejectedError,
    RetryableError,
    StoreUnavailableError,
)
from regbridge.limits import RateLimit, RateLimiter
from regbridge.models import (
    Attendee,
    AttendeePage,
    Client,
    Delivered,
    DeliveredPage,
    Drop,
    Endpoint,
    Event,
    Finding,
    Identity,
    KeyedOn,
    Kind,
    Level,
    Outcome,
    OutcomeKind,
    Product,
    Question,
    ReceiptKind,
    Record,
    Registration,
    Request,
    Target,
)
from regbridge.nearest import did_you_mean
from regbridge.redact import masker, redact
from regbridge.times import parse_time

if TYPE_CHECKING:
    from regbridge.hookspecs import hookimpl
    from regbridge.message import normal_id
    from regbridge.plugin import Plugin, PluginContext, Settings, TargetPlugin
    from regbridge.secret import Secret, Text

__all__ = [
    "AmbiguousError",
    "Attendee",
    "AttendeePage",
    "AuthenticationError",
    "Client",
    "ConfigError",
    "CredentialsError",
    "Delivered",
    "DeliveredPage",
    "Drop",
    "Endpoint",
    "Event",
    "Finding",
    "Identity",
    "KeyedOn",
    "Kind",
    "Level",
    "MalformedMessageError",
    "Outcome",
    "OutcomeKind",
    "Plugin",
    "PluginContext",
    "PluginError",
    "Product",
    "Question",
    "QuotaExceededError",
    "RateLimit",
    "RateLimiter",
    "ReceiptKind",
    "Record",
    "RegbridgeError",
    "Registration",
    "RegistrationError",
    "RejectedError",
    "Request",
    "RetryableError",
    "Secret",
    "Settings",
    "StoreUnavailableError",
    "Target",
    "TargetPlugin",
    "Text",
    "did_you_mean",
    "hookimpl",
    "masker",
    "normal_id",
    "parse_time",
    "redact",
]

_WHEN_ASKED_FOR = {
    "hookimpl": "regbridge.hookspecs",
    "normal_id": "regbridge.message",
    "Plugin": "regbridge.plugin",
    "PluginContext": "regbridge.plugin",
    "Settings": "regbridge.plugin",
    "TargetPlugin": "regbridge.plugin",
    "Secret": "regbridge.secret",
    "Text": "regbridge.secret",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of this module's

    def __getattr__(name: str) -> Any:
        """Import what needs pydantic or pluggy: every command loads this module, few need them."""
        if name not in _WHEN_ASKED_FOR:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_WHEN_ASKED_FOR[name]), name)
