"""`regbridge send`: act as Cvent would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from regbridge.cli.granting import (
    CLIENT_SECRET,
    BearerEnv,
    ClientId,
    ClientSecretEnv,
    Scope,
    TokenUrl,
    access_token,
    variable,
)
from regbridge.cli.options import AsJson
from regbridge.cli.printing import print_json, print_table, say
from regbridge.sender import Answer, Sender, collect
from regbridge.testing import payloads

_TOKEN = "REGBRIDGE_TOKEN"  # noqa: S105 - the name of a variable, not a token


@dataclass(frozen=True, slots=True)
class Sent:
    """One message and its answer; `registrations` is None for a body that is no message."""

    name: str
    status: int
    receipt: int | None
    registrations: int | None
    milliseconds: int
    problem: str = ""


def send(
    url: Annotated[str, typer.Argument(help="The endpoint's URL, as Cvent is given it.")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="JSON files, or folders of them.")
    ] = None,
    token_env: Annotated[
        str, typer.Option(help="The environment variable that holds the endpoint's token.")
    ] = _TOKEN,
    bearer_env: BearerEnv = "",
    token_url: TokenUrl = "",
    client_id: ClientId = "",
    client_secret_env: ClientSecretEnv = CLIENT_SECRET,
    scope: Scope = "",
    sync: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Also send a sync of made-up registrants.")
    ] = 0,
    event: Annotated[str, typer.Option(help="The eventStub of the sync.")] = payloads.EVENT,
    validate: Annotated[
        bool, typer.Option("--validate", help="Only validate the endpoint, as Cvent does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Validate an endpoint, then post messages to it, all as Cvent would."""
    if not (files or sync or validate):
        raise typer.BadParameter("name files to send, or give --sync N or --validate")
    messages = [message for path in files or () for message in collect(path)]
    if sync:
        messages.append((f"a sync of {sync}", payloads.encode(payloads.sync(sync, event))))
    sent: list[Sent] = []
    bearer = access_token(bearer_env, token_url, (client_id, client_secret_env, scope))
    with Sender(url, _authorization(token_env, bearer)) as sender:
        sender.validate()
        try:
            if not validate:
                _send_all(sender, messages, sent, quiet=as_json)
        finally:
            _print(sent, validate, as_json)
    raise typer.Exit(1 if any(each.status != 200 for each in sent) else 0)


def _authorization(token_env: str, bearer: str) -> str:
    """Return what the Authorization header says."""
    if not bearer:
        return variable(token_env, "--token-env", "the endpoint's token")
    if token_env != _TOKEN:
        raise typer.BadParameter("give either a token or an access token", param_hint="--token-env")
    return f"Bearer {bearer}"


def _send_all(
    sender: Sender, messages: Sequence[tuple[str, bytes]], sent: list[Sent], *, quiet: bool
) -> None:
    """Post one message after the other; `sent` has what was answered if one fails."""
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as bar:
        for name, body in bar.track(messages, description="sending"):
            sent.append(_result(name, body, sender.send(body)))


def _result(name: str, body: bytes, answer: Answer) -> Sent:
    return Sent(
        name=name,
        status=answer.status,
        receipt=answer.receipt,
        registrations=_count(body),
        milliseconds=round(answer.seconds * 1000),
        problem="" if answer.status == 200 else _problem(answer.text),
    )


class _Message(msgspec.Struct):
    message: list[msgspec.Raw]


class _Problem(msgspec.Struct):
    detail: str


def _count(body: bytes) -> int | None:
    try:
        return len(msgspec.json.decode(body, type=_Message).message)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _problem(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=_Problem).detail
    except msgspec.MsgspecError:
        return text


def _print(sent: Iterable[Sent], validated: bool, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in sent])
        return
    if validated:
        say("The endpoint answers 200 to Cvent's validation.")
    columns = ("message", "status", "receipt", "registrations", "ms", "problem")
    print_table(
        "Answers", columns, (tuple(asdict(each).values()) for each in sent), right=columns[1:5]
    )
