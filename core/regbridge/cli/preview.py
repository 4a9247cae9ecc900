"""`regbridge preview`: what would be sent, without sending it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, print_table, say
from regbridge.clients import find_pipeline, start_clients
from regbridge.limits import Limiters, OwnPlaces
from regbridge.models import Registration
from regbridge.pipeline import Pipeline
from regbridge.preview import Preview, preview_of, previews, registrations_of, stored_mapped
from regbridge.sender import collect
from regbridge.store.engine import Store
from regbridge.store.limits import ledger_limiters
from regbridge.store.report import find_registrations


def preview(
    client: Annotated[str, typer.Argument(help="The client.")],
    text: Annotated[
        str,
        typer.Argument(help="A confirmation number, e-mail, name or id of the ledger."),
    ] = "",
    file: Annotated[
        Path | None, typer.Option(help="A message: a JSON file, or a folder of them.")
    ] = None,
    target: Annotated[str, typer.Option(help="This target alone.")] = "",
    no_enrich: Annotated[
        bool, typer.Option("--no-enrich", help="Leave out what enrichment would fetch.")
    ] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Show what would be sent for a message, or for registrations of the ledger; send nothing."""
    if bool(text) == (file is not None):
        raise typer.BadParameter("name either a registration of the ledger or --file")
    with open_ledger(configs) as store:
        if file is None and store is None:
            say(NOTHING_YET)
            raise typer.Exit(1)
        clients = start_clients(configs, ledger_limiters(store) if store else Limiters(OwnPlaces()))
        try:
            pipeline = find_pipeline(clients, client)
            shown = list(
                _of_files(file, pipeline, enrich=not no_enrich)
                if file
                else _of_ledger(store, text, pipeline, enrich=not no_enrich)
            )
        finally:
            clients.close()
    shown = [each for each in shown if target in ("", each.target)]
    _print(shown, as_json=as_json)
    raise typer.Exit(0 if shown else 1)


def _of_files(path: Path, pipeline: Pipeline, *, enrich: bool) -> Iterator[Preview]:
    found = [each for _, body in collect(path) for each in registrations_of(body, pipeline)]
    yield from (each for each in found if isinstance(each, Preview))
    registrations = [each for each in found if isinstance(each, Registration)]
    yield from previews(registrations, pipeline, enrich=enrich)


def _of_ledger(
    store: Store | None, text: str, pipeline: Pipeline, *, enrich: bool
) -> Iterator[Preview]:
    """Yield previews of the newest revision of each registrant that the text names."""
    assert store is not None
    rows = store.read(lambda c: find_registrations(c, text, pipeline.client.name))
    newest: dict[Any, Any] = {row.registrant_id or f"registration {row.id}": row for row in rows}
    for mapped in stored_mapped(store, newest.values(), pipeline, enrich=enrich):
        yield preview_of(mapped, pipeline)


def _print(shown: Sequence[Preview], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in shown])
        return
    for each in shown:
        title = f"{each.registration} {each.name} → {each.target or 'no target'}"
        if each.reason:
            say(f"{title}: {each.reason}")
        else:
            print_table(title, ("field", "value"), each.fields.items())
    if not shown:
        say("Nothing is found.")
