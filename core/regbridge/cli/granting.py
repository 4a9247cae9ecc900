"""What commands take to send an access token: where it is, or who gives one."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from regbridge.access_token import Grant, fetch_token

CLIENT_SECRET = "REGBRIDGE_CLIENT_SECRET"  # noqa: S105 - the name of a variable, not a secret

BearerEnv = Annotated[
    str, typer.Option(help="The environment variable that holds an access token (OAuth).")
]
TokenUrl = Annotated[str, typer.Option(help="Or fetch one from this authorization server.")]
ClientId = Annotated[str, typer.Option(help="The client that the token is fetched for.")]
ClientSecretEnv = Annotated[
    str, typer.Option(help="The environment variable that holds the client's secret.")
]
Scope = Annotated[str, typer.Option(help="The scopes that are asked for, with spaces between.")]


def access_token(bearer_env: str, token_url: str, grant: tuple[str, str, str]) -> str:
    """Return an access token, "" when neither a variable nor an authorization server is named.

    `grant` is the client id, the name of the variable with its secret, and the scopes. Raises
    `ConfigError` when the authorization server gives none.
    """
    if bearer_env and token_url:
        raise typer.BadParameter("give one of --bearer-env and --token-url")
    if bearer_env:
        return variable(bearer_env, "--bearer-env", "an access token").removeprefix("Bearer ")
    if not token_url:
        return ""
    client_id, secret_env, scope = grant
    if not client_id:
        raise typer.BadParameter("--token-url needs it", param_hint="--client-id")
    secret = variable(secret_env, "--client-secret-env", "the client's secret")
    return fetch_token(Grant(token_url, client_id, secret, scope))


def variable(name: str, option: str, what: str) -> str:
    """Return what an environment variable holds."""
    if value := os.environ.get(name, ""):
        return value
    text = f"the environment variable {name} is not set; put {what} there"
    raise typer.BadParameter(text, param_hint=option)
