"""`regbridge rotate-token`: replace an endpoint's token without a gap."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from regbridge.cli.ledger import open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, print_table, say
from regbridge.errors import ConfigError
from regbridge.rotation import (
    Reference,
    Verdict,
    Written,
    find_tokens,
    judge,
    new_token,
    next_reference,
    write_token,
)
from regbridge.store.admissions import current_tokens
from regbridge.store.clock import moment
from regbridge.store.shared_clock import SharedClock
from regbridge.tokens import name_of

WINDOWS = sys.platform == "win32"

_COLUMNS = ("token", "since", "uses", "first_used_at", "last_used_at")


def rotate_token(
    client: Annotated[str, typer.Argument(help="The client.")],
    endpoint: Annotated[str, typer.Argument(help="The endpoint, by its name in the client file.")],
    check: Annotated[
        bool, typer.Option("--check", help="Say which tokens are used, and what is next.")
    ] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Make a new token for an endpoint, and say how it takes the place of the old one."""
    written = find_tokens(configs, client, endpoint)
    if check:
        _check(configs, written, as_json)
        return
    if len(written.references) > 1:
        raise ConfigError.of(
            f"{written.where}: {endpoint} takes {len(written.references)} tokens already, so one "
            "is being replaced",
            f"`regbridge rotate-token {client} {endpoint} --check` says which one can go; "
            "take it out first",
        )
    _make(configs, written, as_json)


def _make(configs: Path, written: Written, as_json: bool) -> None:
    [old] = written.references
    new, token = next_reference(configs, old), new_token()
    file = write_token(configs, new, old, token) if "file" in new else None
    if as_json:
        print_json(
            {
                "client": written.client,
                "endpoint": written.endpoint,
                "where": written.where,
                "old": dict(old),
                "new": dict(new),
                **({} if file else {"token": token}),
            }
        )
        return
    if file:
        say(f"A new token is in {file}; nobody else has it.")
    else:
        say("A new token, which is shown this once and is nowhere else:")
        say("")
        say(f"    {token}")
    say("")
    for number, step in enumerate(_steps(written, old, new, file), start=1):
        for place, line in enumerate(step):
            say(f"{number}. {line}" if place == 0 else f"   {line}")


def _steps(written: Written, old: Reference, new: Reference, file: Path | None) -> list[list[str]]:
    """Return what is to be done, each step in lines."""
    names = [f"- {key}: {value}" for each in (new, old) for key, value in each.items()]
    command = f"regbridge rotate-token {written.client} {written.endpoint} --check"
    return [
        _file_step(file) if file else _variable_step(new["env"]),
        [
            f"At {written.where}, name both, the new one first:",
            "tokens:",
            *(f"  {name}" for name in names),
            "Run `regbridge check`, then restart the service. From now on it takes both.",
        ],
        [
            "In Cvent, Admin > Integrations > Push API Integrations, open the integration and",
            "(a) put the new token in the place of the old one, and save;",
            "(b) validate it: Cvent asks the endpoint once, and is answered 200.",
        ],
        [f"`{command}` says when each token was used last, a minute later at most."],
        [
            f"When it says that {name_of(old)} can go: take it out of `tokens`, restart the "
            "service,",
            "then delete what held it. A token that the file names and that is not there stops "
            "the client.",
        ],
    ]


def _file_step(file: Path) -> list[str]:
    if WINDOWS:
        return [
            f"{file} has the rights of its folder: the service's account must be able to read it,",
            "and nobody else.",
        ]
    return [f"The service's account must be able to read {file}; its owner alone can."]


def _variable_step(name: str) -> list[str]:
    if WINDOWS:
        return [
            f"Put it into the variable {name} of the service, in an administrator's PowerShell:",
            f'[Environment]::SetEnvironmentVariable("{name}", "THE TOKEN", "Machine")',
            "The old variable stays as it is.",
        ]
    return [
        f"Put it into the environment variable {name} of the service, such as a line",
        f"{name}=THE TOKEN in the file that systemd's EnvironmentFile= names.",
        "The old variable stays as it is.",
    ]


def _check(configs: Path, written: Written, as_json: bool) -> None:
    with open_ledger(configs) as store:
        found = store.read(current_tokens) if store else []
        now = SharedClock(store)() if store else 0
    own = (written.client, written.endpoint)
    uses = {row.token: row for row in found if (row.client, row.endpoint) == own}
    verdict = judge(written.names, uses, now)
    rows = [_row(name, uses.get(name)) for name in written.names]
    if as_json:
        print_json({"tokens": rows, "next": verdict.text, "done": verdict.is_done})
    else:
        _print(written, rows, verdict)
    raise typer.Exit(0 if verdict.is_done else 1)


def _row(name: str, use: Any | None) -> dict[str, Any]:
    if use is None:
        return {**dict.fromkeys(_COLUMNS), "token": name, "uses": 0}
    return {
        "token": name,
        "since": moment(use.since),
        "uses": use.uses,
        "first_used_at": moment(use.first_used_at),
        "last_used_at": moment(use.last_used_at),
    }


def _print(written: Written, rows: list[dict[str, Any]], verdict: Verdict) -> None:
    print_table(
        f"Tokens of {written.endpoint} of {written.client}",
        ("token", "the service takes it since", "uses", "first used", "last used"),
        (tuple(row.values()) for row in rows),
        right=("uses",),
    )
    say(verdict.text)
