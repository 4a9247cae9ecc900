"""The running service, and the services of vendors that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from regbridge.clients import start_clients
from regbridge.config.schema import HostConfig
from regbridge.errors import AmbiguousError, RegbridgeError, RetryableError
from regbridge.http import Answer, Outbound
from regbridge.models import Finding, Level
from regbridge.readiness import Status

_SECONDS = 10.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not listened at
_SKEW_SECONDS = 60


def examine_service(config: HostConfig) -> list[Finding]:
    """Ask the service of this machine how it is."""
    if config.port == 0:
        return [Finding(Level.OK, "it listens at any free port, so it cannot be asked")]
    address = _EVERYWHERE.get(config.address, config.address)
    url = f"http://{address}:{config.port}/health/ready"
    try:
        answer = _ask("GET", url)
        facts = answer.json()
    except (RetryableError, AmbiguousError) as error:
        remedy = "start it, unless it has another address or port, or runs on other machines alone"
        return [Finding(Level.WARNING, f"{url} does not answer: {error}", remedy=remedy)]
    if not isinstance(facts, dict) or "reasons" not in facts:
        text = f"{url} answers {answer.status}, so it cannot be asked"
        return [Finding(Level.WARNING, text, remedy="is that regbridge, and may this machine ask?")]
    level = Level.ERROR if facts["status"] == Status.UNAVAILABLE else Level.WARNING
    found = [Finding(level, str(reason)) for reason in facts["reasons"]]
    return found or [Finding(Level.OK, "it runs, and takes messages")]


def examine_network(configs: Path, now: datetime) -> list[Finding]:
    """Ask every service that the clients' settings name for anything, and for its time."""
    findings = [_reach(origin, now) for origin in sorted(_origins(configs))]
    return findings or [Finding(Level.OK, "no client names a service")]


def _reach(origin: str, now: datetime) -> Finding:
    try:
        answer = _ask("HEAD", origin)
    except (RetryableError, AmbiguousError) as error:
        remedy = "look at the name, the firewall, the proxy and the certificate"
        return Finding(Level.ERROR, f"{origin} cannot be reached: {error}", remedy=remedy)
    skew = _skew(answer, now)
    if skew is not None and abs(skew) > _SKEW_SECONDS:
        text = f"{origin} answers, and its clock differs from this one by {skew:.0f} s"
        return Finding(Level.WARNING, text, remedy="set this machine's clock by a time server")
    return Finding(Level.OK, f"{origin} answers ({answer.status})")


def _skew(answer: Answer, now: datetime) -> float | None:
    try:
        there = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return (now - there.astimezone(UTC)).total_seconds()


def _ask(method: str, url: str) -> Answer:
    outbound = Outbound(
        "the service", url, connect_seconds=_SECONDS, answer_seconds=_SECONDS, keep_alive=False
    )
    try:
        return outbound.send(method, url)
    finally:
        outbound.close()


def _origins(configs: Path) -> set[str]:
    """Return scheme, host and port of every URL that a running client's settings hold."""
    try:
        clients = start_clients(configs)
    except RegbridgeError:
        return set()
    try:
        return {
            origin
            for pipeline in clients.running.values()
            for named in pipeline.plugins
            for value in _values(named.plugin.settings)
            for origin in _origin(value)
        }
    finally:
        clients.close()


def _values(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for name in type(value).model_fields:
                yield from _values(getattr(value, name))
        case dict():
            for inner in value.values():
                yield from _values(inner)
        case list() | tuple():
            for inner in value:
                yield from _values(inner)


def _origin(value: str) -> Iterator[str]:
    try:
        parts = urlsplit(value)
        if parts.scheme in ("http", "https") and parts.hostname:
            port = f":{parts.port}" if parts.port else ""
            yield f"{parts.scheme}://{parts.hostname}{port}"
    except ValueError:
        return
