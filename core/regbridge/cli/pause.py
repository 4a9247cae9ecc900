"""`regbridge pause` and `resume`: leave a target or an upstream alone, for as long as one says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, say
from regbridge.config.loader import claimed, client_paths, read_draft
from regbridge.errors import ConfigError
from regbridge.nearest import did_you_mean
from regbridge.registry import plugin_class
from regbridge.store.pauses import FOR_EVER, Cause
from regbridge.store.pauses import pause as pause_in_ledger
from regbridge.store.pauses import resume as resume_in_ledger
from regbridge.store.shared_clock import SharedClock


def pause(
    client: Annotated[str, typer.Argument(help="The client.")],
    name: Annotated[str, typer.Argument(help="The target, or the plugin that enriches.")],
    because: choosing.Because = "",
    by: choosing.By = "",
    configs: Configs = CONFIGS,
) -> None:
    """Send nothing to a target, or fetch nothing with a plugin, until `resume`; nothing is lost.

    A call that is under way comes to its end.
    """
    choosing.require_reason(because)
    _require_known(configs, client, name)
    with open_ledger(configs) as store:
        if store is None:
            complain(NOTHING_YET)
            raise typer.Exit(1)
        now = SharedClock(store)()
        reason = f"by {choosing.decider(by)}: {because.strip()}"
        store.write(
            lambda c: pause_in_ledger(c, client, name, Cause.OPERATOR, reason, FOR_EVER, now)
        )
    say(f"Paused: {name} of {client}. `regbridge resume {client} {name}` goes on.")


def resume(
    client: Annotated[str, typer.Argument(help="The client; none ends `drain`.")] = "",
    name: Annotated[str, typer.Argument(help="The target, or the plugin that enriches.")] = "",
    configs: Configs = CONFIGS,
) -> None:
    """Go on after `pause`, or after `drain`; also ends the pause of an outage at once."""
    if client and not name:
        raise typer.BadParameter("name the target too; `regbridge status` lists the pauses")
    with open_ledger(configs) as store:
        now = SharedClock(store)() if store else 0
        ended = store is not None and store.write(
            lambda c: resume_in_ledger(c, client, name, now, by_operator=True)
        )
    what = f"{name} of {client}" if client else "the worker"
    say(f"Going on: {what}." if ended else f"Not paused: {what}.")
    raise typer.Exit(0 if ended else 1)


def _require_known(configs: Path, client: str, name: str) -> None:
    """Refuse a name that no file has. Secrets are not needed for that."""
    names = {claimed(configs, path)[0]: path for path in client_paths(configs)}
    if client not in names:
        raise ConfigError.of(f"no client {client!r}", did_you_mean(client, names))
    values = read_draft(configs, names[client]).values
    folder = names[client].parent
    enriching = [use for use in _used(values.get("plugins")) if _enriches(use, folder)]
    known = [*_keys(values.get("targets")), *enriching]
    if name not in known:
        raise ConfigError.of(
            f"the client {client} has no target {name!r}, and no plugin of that name enriches",
            did_you_mean(name, known),
        )


def _keys(value: Any) -> list[str]:
    return [str(key) for key in value] if isinstance(value, dict) else []


def _enriches(use: str, folder: Path) -> bool:
    """Say whether a plugin fetches anything; one that cannot be loaded fetches nothing."""
    try:
        return hasattr(plugin_class(use, folder), "enrich_registrations")
    except ConfigError:
        return False


def _used(value: Any) -> list[str]:
    uses = value if isinstance(value, list) else []
    return [str(use.get("use")) if isinstance(use, dict) else str(use) for use in uses]
