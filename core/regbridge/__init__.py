"""What a plugin author imports: hook markers, base classes, values and errors."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# At once, because the function has the name of its module.
from regbridge.redact import masker, redact

if TYPE_CHECKING:
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
    from regbridge.hookspecs import hookimpl
    from regbridge.limits import RateLimit, RateLimiter
    from regbridge.message import normal_id
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
    from regbridge.plugin import Plugin, PluginContext, Settings, TargetPlugin
    from regbridge.secret import Secret, Text
    from regbridge.times import parse_time

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

_HOMES = {
    "regbridge.errors": (
        "AmbiguousError",
        "AuthenticationError",
        "ConfigError",
        "CredentialsError",
        "MalformedMessageError",
        "PluginError",
        "QuotaExceededError",
        "RegbridgeError",
        "RegistrationError",
        "RejectedError",
        "RetryableError",
        "StoreUnavailableError",
    ),
    "regbridge.hookspecs": ("hookimpl",),
    "regbridge.limits": (
        "RateLimit",
        "RateLimiter",
    ),
    "regbridge.message": ("normal_id",),
    "regbridge.models": (
        "Attendee",
        "AttendeePage",
        "Client",
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
        "Outcome",
        "OutcomeKind",
        "Product",
        "Question",
        "ReceiptKind",
        "Record",
        "Registration",
        "Request",
        "Target",
    ),
    "regbridge.nearest": ("did_you_mean",),
    "regbridge.plugin": (
        "Plugin",
        "PluginContext",
        "Settings",
        "TargetPlugin",
    ),
    "regbridge.secret": (
        "Secret",
        "Text",
    ),
    "regbridge.times": ("parse_time",),
}
_WHEN_ASKED_FOR = {name: module for module, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker would take any name for one of this module's

    def __getattr__(name: str) -> Any:
        """Import what is used: every command and every pytest loads this module, few need it."""
        if name not in _WHEN_ASKED_FOR:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_WHEN_ASKED_FOR[name]), name)
