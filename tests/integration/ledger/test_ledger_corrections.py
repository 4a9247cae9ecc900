"""A value that a person corrects is delivered, and it is kept who did that and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from regbridge import Outcome, Plugin, Registration, RejectedError, hookimpl
from regbridge.corrections import Correction
from regbridge.store.operate import correct
from regbridge.store.tables import corrections, history

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


class Patch(Plugin):
    """An enrichment that gives everybody the same company."""

    def __init__(self) -> None:
        """Have no settings."""

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Sequence[Any]:
        return [{"company": "fetched", "answers": {"a": 1}} for _ in registrations]


def give(ledger: Ledger, number: int, *made: Correction) -> None:
    ledger.store.write(lambda c: correct(c, number, made, "anna", "a typo", ledger.clock.now))


def test_a_corrected_value_is_mapped_and_delivered(ledger: Ledger) -> None:
    ledger.register(1, "REFUSE")
    ledger.run()
    assert ledger.states() == ["parked"]

    give(ledger, 1, Correction("company", "Acme"))
    ledger.run()

    assert ledger.states() == ["delivered"]
    assert ledger.crm.companies == ["Acme"]


def test_a_corrected_field_of_a_record_is_that_targets_alone(ledger: Ledger) -> None:
    crm, other = ledger.crm, type(ledger.crm)()
    crm.answer = lambda record: Outcome.rejected("too long", "company")
    ledger.add_client(targets={"crm": crm, "other": other})
    ledger.register(1, "A very long name")
    ledger.run()
    crm.answer = lambda record: Outcome.created()

    give(ledger, 1, Correction("company", "Short", target="crm"))
    ledger.run()

    assert crm.companies[-1] == "Short"
    assert other.companies == ["A very long name"]


def test_a_correction_wins_over_what_enrichment_fetches(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(Patch())
    bare_ledger.register(1, "REFUSE")
    bare_ledger.run()
    assert bare_ledger.crm.calls == []  # this mapper reads what arrived

    give(bare_ledger, 1, Correction("company", "corrected"))
    bare_ledger.run()

    assert bare_ledger.crm.companies == ["corrected"]


def test_the_latest_correction_of_a_field_counts(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()

    give(ledger, 1, Correction("company", "B"))
    give(ledger, 1, Correction("company", "C"))
    ledger.run()

    assert ledger.crm.companies == ["A", "C"]


def test_it_is_kept_who_corrected_what_and_why_and_the_history_has_no_values(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A")
    ledger.run()

    give(ledger, 1, Correction("company", "B"))

    [row] = ledger.store.read(lambda c: c.execute(select(corrections)).all())
    assert (row.field, row.value, row.made_by, row.reason, row.at) == (
        "company",
        '"B"',
        "anna",
        "a typo",
        ledger.clock.now,
    )
    texts = ledger.store.read(
        lambda c: c.scalars(select(history.c.text).where(history.c.happening == "corrected")).all()
    )
    assert texts == ["company by anna: a typo"]


def test_the_next_change_from_cvent_comes_without_the_correction(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    give(ledger, 1, Correction("company", "B"))
    ledger.run()

    ledger.register(1, "C", minute=5)
    ledger.run()

    assert ledger.crm.companies == ["A", "B", "C"]


def test_only_the_newest_registration_is_corrected(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    ledger.register(1, "B", minute=5)
    ledger.run()

    with pytest.raises(RejectedError, match=r"registration 2 .* is newer: correct that one"):
        give(ledger, 1, Correction("company", "C"))


def test_what_is_not_there_or_a_duplicate_is_not_corrected(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    ledger.receive(ledger.bodies()[0])
    ledger.run()
    assert ledger.states() == ["delivered", "duplicate"]

    with pytest.raises(RejectedError, match="there is no registration 9"):
        give(ledger, 9, Correction("company", "C"))
    with pytest.raises(RejectedError, match="registration 2 is duplicate"):
        give(ledger, 2, Correction("company", "C"))

    assert ledger.store.read(lambda c: c.execute(select(corrections)).all()) == []


def test_a_target_that_gets_no_record_of_it_is_refused(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()

    with pytest.raises(RejectedError, match=r"is not for 'cmr'; did you mean 'crm'"):
        give(ledger, 1, Correction("company", "C", target="cmr"))


def test_what_is_being_sent_at_this_moment_is_not_corrected(ledger: Ledger) -> None:
    def correct_meanwhile(records: Any) -> list[Outcome]:
        with pytest.raises(RejectedError, match="on its way"):
            give(ledger, 1, Correction("company", "C"))
        return [Outcome.created()]

    ledger.crm.script.append(correct_meanwhile)
    ledger.register(1, "A")

    ledger.run()

    assert ledger.crm.companies == ["A"]
