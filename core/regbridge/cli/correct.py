"""`regbridge correct`: give one registration another value, and deliver it again."""

from __future__ import annotations

from typing import Annotated

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, say
from regbridge.corrections import Correction, read_correction
from regbridge.errors import RejectedError
from regbridge.store.operate import correct as correct_in_ledger
from regbridge.store.shared_clock import SharedClock


def correct(
    registration: Annotated[int, typer.Argument(help="The registration's number.")],
    values: Annotated[
        list[str],
        typer.Argument(
            help="FIELD=TEXT, or FIELD:=JSON for what is no text; as the map names it: "
            "lastName=Jones, answers.member_id=00123.",
        ),
    ],
    because: choosing.Because = "",
    target: Annotated[
        str, typer.Option(help="Correct fields of this target's record instead.")
    ] = "",
    by: choosing.By = "",
    configs: Configs = CONFIGS,
) -> None:
    """Correct values of one registration, keep who and why, and prepare it again.

    The next change that Cvent sends about this person comes without the correction.
    """
    choosing.require_reason(because)
    made = [_correction(text, target) for text in values]
    with open_ledger(configs) as store:
        if store is None:
            complain(NOTHING_YET)
            raise typer.Exit(1)
        now = SharedClock(store)()
        decider = choosing.decider(by)
        try:
            store.write(
                lambda c: correct_in_ledger(c, registration, made, decider, because.strip(), now)
            )
        except RejectedError as error:
            complain(str(error))
            raise typer.Exit(1) from None
    say(f"Corrected, and put back: registration {registration}.")


def _correction(text: str, target: str) -> Correction:
    name, equals, value = text.partition("=")
    field = name.removesuffix(":").strip()
    if not equals or not field:
        raise typer.BadParameter(f"{text!r} is not FIELD=VALUE")
    try:
        return read_correction(field, value, target, as_json=name.endswith(":"))
    except RejectedError as error:
        raise typer.BadParameter(str(error)) from None
