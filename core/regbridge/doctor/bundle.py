"""Writes what somebody needs who is asked to help, and nothing about people."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from regbridge.backup import partial_file
from regbridge.clients import start_clients
from regbridge.config.loader import client_paths, host_values, load_client, load_host
from regbridge.doctor.checkup import WORK, Checkup, Topic
from regbridge.doctor.discreet import (
    discreet_client,
    discreet_figures,
    discreet_topics,
    discreet_values,
)
from regbridge.doctor.log_lines import log_lines
from regbridge.doctor.machine import machine_facts
from regbridge.doctor.work import examine_work
from regbridge.errors import ConfigError
from regbridge.store.engine import Store
from regbridge.timing_report import plain_times, stage_times

_DAYS = 7
_README = """\
What `regbridge doctor --bundle` collected, to be sent to who is asked to help.

It holds versions, findings, counts, pauses, timings, the configuration with secrets as references,
and the end of the log if one was named. It is made without names, addresses, answers and ids of
registrants; what is quoted in a text is replaced by an ellipsis. Names of clients, events, targets
and settings are in it. Look through it before you send it: it is text.
"""


def write_bundle(
    file: Path, configs: Path, checkup: Checkup, now: datetime, log: Path | None = None
) -> None:
    """Write a ZIP file that is not there yet. Raises `ConfigError` when it is, `OSError`."""
    if file.exists():
        raise ConfigError.of(f"{file} is there already", "name another file")
    parts = dict(_parts(configs, checkup, now))
    if log is not None:
        parts["log.json"] = log_lines(log)
    with partial_file(file) as partial:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("README.txt", _README)
            for name, content in parts.items():
                bundle.writestr(name, json.dumps(content, indent=2, ensure_ascii=False))
        partial.rename(file)


def _parts(configs: Path, checkup: Checkup, now: datetime) -> Mapping[str, Any]:
    figures, timings = _of_ledger(configs, checkup, now)
    topics = [topic for topic in checkup.topics if topic.name != WORK]
    if figures:
        # Again, by the figures that name nobody.
        topics.append(Topic(WORK, examine_work(figures, now)))
    return {
        "findings.json": discreet_topics(topics),
        "machine.json": machine_facts(),
        "ledger.json": figures,
        "timings.json": timings,
        **_configuration(configs),
    }


def _of_ledger(
    configs: Path, checkup: Checkup, now: datetime
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    if checkup.figures is None:
        return None, []
    host = load_host(configs)
    config = host.config
    store = Store(host.database_url, config.postgresql, encryption=config.encryption)
    try:
        times = plain_times(stage_times(store, _DAYS, now.date()))
        return discreet_figures(store, checkup.figures), times
    finally:
        store.close()


def _configuration(configs: Path) -> dict[str, Any]:
    """Return the values of what can be used; elsewhere a secret may be in the wrong place."""
    parts: dict[str, Any] = {}
    try:
        parts["configuration/base.json"] = discreet_values(host_values(configs))
        clients = start_clients(configs)
    except ConfigError:
        return parts
    refused = {each.file for each in clients.refused}
    clients.close()
    for path in client_paths(configs):
        if path not in refused:
            client = load_client(configs, path)
            parts[f"configuration/{client.config.client}.json"] = discreet_client(client)
    return parts
