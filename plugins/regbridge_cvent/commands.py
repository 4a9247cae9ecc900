"""`regbridge cvent`: what an account holds, and what it still may be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regbridge import ConfigError
from regbridge.commands import (
    CLIENT_SECRET,
    CONFIGS,
    AsJson,
    BearerEnv,
    ClientId,
    ClientSecretEnv,
    Configs,
    Scope,
    TokenUrl,
    Use,
    access_token,
    print_json,
    print_table,
    say,
    shared_limiters,
    uses,
)
from regbridge_cvent.client import CventClient
from regbridge_cvent.describe import (
    find_event,
    list_contact_fields,
    list_events,
    list_questions,
    yaml_block,
)
from regbridge_cvent.scopes import CUSTOM_FIELDS, EVENTS
from regbridge_cvent.settings import CventSettings
from regbridge_cvent.usage import read_usage

app = typer.Typer(no_args_is_help=True, help="Ask Cvent's REST API.")

ClientOption = Annotated[
    str, typer.Option("--client", help="The client whose account is asked, if there are several.")
]


@app.callback()
def _cvent() -> None:
    """Ask Cvent's REST API."""


@app.command()
def questions(
    event: Annotated[
        str, typer.Argument(help="The event: its id, its code, or its name in the client file.")
    ],
    configs: Configs = CONFIGS,
    client: ClientOption = "",
    as_json: AsJson = False,
) -> None:
    """List an event's questions and the contact fields, and print the block to paste."""
    with _client(configs, client) as (cvent, use):
        found = find_event(cvent, use.events.get(event, event))
        listed = [*list_questions(cvent, found.id), *list_contact_fields(cvent)]
    if as_json:
        print_json([asdict(each) for each in listed])
        return
    columns = ("what", "code", "type", "text", "choices", "id")
    rows = ((e.what, e.code, e.type, e.text, ", ".join(e.choices), e.id) for e in listed)
    print_table(f"Questions of {found.title or found.id}", columns, rows)
    for line in yaml_block(found, listed).splitlines():
        say(line)


@app.command()
def events(configs: Configs = CONFIGS, client: ClientOption = "", as_json: AsJson = False) -> None:
    """List the account's events."""
    with _client(configs, client) as (cvent, _):
        listed = list(list_events(cvent))
    if as_json:
        print_json([asdict(each) for each in listed])
        return
    rows = ((e.title, e.code, e.start, e.status, e.id) for e in listed)
    print_table("Events", ("title", "code", "start", "status", "id"), rows)


@app.command()
def usage(configs: Configs = CONFIGS, client: ClientOption = "", as_json: AsJson = False) -> None:
    """Show the account's tier, its calls of today, and what the rest still buys."""
    with _client(configs, client) as (cvent, use):
        assert isinstance(use.settings, CventSettings)
        found = read_usage(cvent, use.settings)
    if as_json:
        print_json(asdict(found))
        return
    quota = "no limit" if found.per_day is None else f"{found.per_day:,}"
    say(f"Tier: {found.tier}, {found.per_second or 0:g} calls a second, burst {found.burst}.")
    say(f"Calls a day: {quota}. Used today (GMT): {found.used:,}.")
    if found.left is not None:
        say(f"Left: {found.left:,} calls, enough for {found.registrations:,} registrations.")


@app.command("check-token")
def check_token(
    bearer_env: BearerEnv = "",
    token_url: TokenUrl = "",
    client_id: ClientId = "",
    client_secret_env: ClientSecretEnv = CLIENT_SECRET,
    scope: Scope = "",
    configs: Configs = CONFIGS,
    client: ClientOption = "",
    as_json: AsJson = False,
) -> None:
    """Show what an access token says, and whether each use of cvent-oauth would let it in."""
    # Their library takes time to import, and no other command needs it.
    from regbridge_cvent.bearer.explain import LET_IN, shown, verdict
    from regbridge_cvent.bearer.settings import OAuthSettings

    token = access_token(bearer_env, token_url, (client_id, client_secret_env, scope))
    if not token:
        raise typer.BadParameter("give --bearer-env or --token-url")
    says = shown(token)
    verdicts = [
        {"client": use.client, "issuer": settings.issuer, "verdict": verdict(token, settings)}
        for use in uses(configs, "cvent-oauth", OAuthSettings, client)
        if isinstance(settings := use.settings, OAuthSettings)
    ]
    if as_json:
        print_json({"token": says, "verdicts": verdicts})
    else:
        print_table("The token", ("what", "is"), says.items())
        print_table("What becomes of it", ("client", "issuer", "verdict"), _rows(verdicts))
    if not verdicts:
        raise ConfigError.of("no client file names cvent-oauth", "add it under plugins:")
    raise typer.Exit(0 if any(each["verdict"] == LET_IN for each in verdicts) else 1)


def _rows(found: list[dict[str, str]]) -> Iterator[Sequence[str]]:
    return (tuple(each.values()) for each in found)


@contextmanager
def _client(configs: Path, name: str) -> Iterator[tuple[CventClient, Use]]:
    """Yield a client of the account that the configuration names, within its shared limit."""
    use = _chosen(list(uses(configs, "cvent-enrich", CventSettings, name)), name)
    assert isinstance(use.settings, CventSettings)
    account = use.settings.account
    with shared_limiters(configs) as limiters:
        cvent = CventClient(account, (EVENTS, CUSTOM_FIELDS), limiters.limiter(account.key))
        try:
            yield cvent, use
        finally:
            cvent.close()


def _chosen(found: list[Use], name: str) -> Use:
    accounts = {_account(use) for use in found}
    if found and len(accounts) == 1:
        return found[0]
    if not found:
        message = f"no plugin cvent-enrich in {f'the client {name}' if name else 'any client file'}"
        remedy = "add it under plugins: with its account (docs/reference/enrichment.md)"
    else:
        message = "the client files name several accounts"
        remedy = f"choose with --client: {', '.join(sorted({use.client for use in found}))}"
    raise ConfigError.of(message, remedy)


def _account(use: Use) -> str:
    assert isinstance(use.settings, CventSettings)
    return use.settings.account.key
