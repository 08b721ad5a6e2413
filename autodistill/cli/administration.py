"""The commands of whoever runs the service: tokens, webhooks and the audit trail."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer
from rich.table import Table

from autodistill.access import Scope
from autodistill.cli.connection import HERE, Url, connected
from autodistill.cli.show import err, out

token_app = typer.Typer(no_args_is_help=True)
webhook_app = typer.Typer(no_args_is_help=True)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Who or what has it.")],
    scope: Annotated[Scope, typer.Option(help="What it is good for.")],
    project: Annotated[str | None, typer.Option(help="The one project it is for.")] = None,
    url: Url = HERE,
) -> None:
    """Make a token and print its secret, which is shown this once."""
    with connected(url) as client:
        token, secret = client.create_token(name, scope, project=project)
    err.print(f"{token.name} ({token.id}), {token.scope}. Keep the secret: it is not shown again.")
    out.print(secret)


@token_app.command("list")
def token_list(url: Url = HERE) -> None:
    """List tokens, without their secrets."""
    table = Table("name", "id", "scope", "project", "made by", "made at", "revoked at")
    with connected(url) as client:
        for token in client.tokens():
            made, revoked = f"{token.created_at:%F %R}", token.revoked_at
            ended = f"{revoked:%F %R}" if revoked else ""
            owner = token.project or ""
            table.add_row(token.name, token.id, token.scope, owner, token.created_by, made, ended)
    out.print(table)


@token_app.command("revoke")
def token_revoke(
    token: Annotated[str, typer.Argument(help="Id or name.")], url: Url = HERE
) -> None:
    """Make a token worthless from now on."""
    with connected(url) as client:
        out.print(f"{client.revoke_token(token).name} is revoked")


@webhook_app.command("add")
def webhook_add(
    url: Annotated[str, typer.Argument(help="Takes a POST of JSON.")],
    project: Annotated[str | None, typer.Option(help="The one project it is told of.")] = None,
    service: Url = HERE,
) -> None:
    """Have an address told of ends of jobs; prints what messages are signed with."""
    with connected(service) as client:
        webhook, secret = client.create_webhook(url, project=project)
    err.print(f"{webhook.id} is told of every job that ends. Messages are signed with:")
    out.print(secret)


@webhook_app.command("list")
def webhook_list(url: Url = HERE) -> None:
    """List webhooks, with the last message to each."""
    with connected(url) as client:
        for webhook in client.webhooks():
            newest = next(iter(client.deliveries(webhook.id)), None)
            told = f"{newest.kind} {newest.state} {newest.error}" if newest else "nothing yet"
            out.print(f"{webhook.id}  {webhook.url}  {webhook.project or 'all projects'}  {told}")


@webhook_app.command("remove")
def webhook_remove(webhook: str, url: Url = HERE) -> None:
    """Forget a webhook, and what it was still to be told."""
    with connected(url) as client:
        out.print(f"{client.delete_webhook(webhook).url} is not told any more")


def audit(
    last: Annotated[int, typer.Option(help="How many entries.")] = 50, url: Url = HERE
) -> None:
    """List who changed what, newest first."""
    with connected(url) as client:
        for entry in islice(client.audit(), last):
            out.print(f"{entry.at:%F %T}  {entry.who}  {entry.action}  {entry.target}")
