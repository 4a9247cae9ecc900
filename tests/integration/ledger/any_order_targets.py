"""What test_ledger_any_order.py watches: transactions to step in at, targets that keep accounts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.integration.ledger.conftest import Killed

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Drop,
    Outcome,
    Plugin,
    QuotaExceededError,
    Record,
    Registration,
    RejectedError,
    RetryableError,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.models import OutcomeKind
from regbridge.store.clock import from_ms
from regbridge.store.engine import Store

Point = Callable[[str], None]

POINTS = [
    "it has read",
    "it will write",
    "it has written",
    "it filters",
    "it enriches",
    "it maps",
    "it calls",
    "it is answered",
]
"""Where a step of a worker can be interrupted."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one record of an accepted message says: about whom, what, and when."""

    registrant: int
    contact: int
    company: str
    status: str
    minute: int
    stub: str
    receipt: int = 0
    position: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        return self.minute, self.receipt, self.position


class WatchedStore(Store):
    """The ledger as one worker sees it; `point` is called wherever it may be interrupted."""

    point: Point = staticmethod(lambda _: None)

    @classmethod
    def of(cls, store: Store) -> WatchedStore:
        """Return the same ledger, watched; it is closed with the other."""
        watched = cls.__new__(cls)
        watched.__dict__.update(vars(store))
        return watched

    def read(self, work: Any, patience: float | None = None) -> Any:
        result = super().read(work, patience)
        self.point("it has read")
        return result

    def write(self, work: Any) -> Any:
        self.point("it will write")
        result = super().write(work)
        self.point("it has written")
        return result


class Rules(Plugin):
    """Filters, enriches and maps by the company's name, with a point to be interrupted at."""

    batch_size = 2

    def __init__(self, point: Point) -> None:
        self._point = point
        self.faults: deque[BaseException] = deque()

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        self._point("it filters")
        company = registration.fields["company"]
        if company == "FILTER BUG":
            raise KeyError(company)
        return Drop("not wanted") if company == "FILTERED" else None

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Any:
        self._point("it enriches")
        if self.faults:
            raise self.faults.popleft()
        return [{"seen": True} for _ in registrations]

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record | Drop:
        self._point("it maps")
        match company := registration.fields["company"]:
            case "REFUSED":
                raise RejectedError("the company is not allowed", field="company")
            case "BUG":
                raise KeyError(company)
            case "NOT FOR ERP" if target.name == "erp":
                return Drop("nothing for the accountants")
        status = registration.fields.get("inviteeStatus", "")
        return Record({"company": company, "status": status, "contact": registration.contact_stub})


@dataclass(frozen=True, slots=True)
class Fault:
    """How a target fails; `applied` says whether it took the records all the same."""

    answer: Outcome | Callable[[int], BaseException]
    applied: bool = False

    @property
    def surely_not(self) -> bool:
        """Whether the target says that it did nothing."""
        if isinstance(self.answer, Outcome):
            return self.answer.kind is not OutcomeKind.AMBIGUOUS
        kinds = (RetryableError, CredentialsError, QuotaExceededError, RejectedError)
        return isinstance(self.answer(0), kinds)


FAULTS: Mapping[str, Fault] = {
    "rejects one": Fault(Outcome.rejected("no")),
    "is busy for one": Fault(Outcome.retry("busy", after=40)),
    "loses one": Fault(Outcome.ambiguous("no answer")),
    "takes one and loses the answer": Fault(Outcome.ambiguous("no answer"), applied=True),
    "is down": Fault(lambda _: RetryableError("down")),
    "wants other credentials": Fault(lambda _: CredentialsError("who are you")),
    "has had enough": Fault(
        lambda now: QuotaExceededError("enough", until=from_ms(now) + timedelta(hours=1))
    ),
    "rejects the call": Fault(lambda _: RejectedError("no such call")),
    "loses all": Fault(lambda _: AmbiguousError("no answer")),
    "takes all and loses the answer": Fault(lambda _: AmbiguousError("no answer"), applied=True),
    "has a bug before": Fault(lambda _: ZeroDivisionError()),
    "has a bug after": Fault(lambda _: ZeroDivisionError(), applied=True),
    "is killed before": Fault(lambda _: Killed()),
    "is killed after": Fault(lambda _: Killed(), applied=True),
}


@dataclass(slots=True)
class Sent:
    """One record in one call: what it said, what the target answered, whether that is settled."""

    said: Said
    key: tuple[int, int]
    fields: Mapping[str, Any]
    taken: bool | None = None
    settled: bool = False


@dataclass
class Accounts:
    """What targets need to know of the ledger and the machine."""

    point: Point
    said: Callable[[Record], Said]
    now: Callable[[], int]
    steps: list[list[Sent]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Crm(TargetPlugin):
    """A target in memory; whatever it should never see is written to `accounts.wrong`."""

    def __init__(self, accounts: Accounts, *, idempotent: bool, by_contact: bool, batch: int):
        self._accounts = accounts
        self.idempotent = idempotent
        self.batch_size = batch
        self.faults: deque[Fault] = deque()
        self.sent: list[Sent] = []
        self.holds: dict[tuple[int, int], Mapping[str, Any]] = {}
        self.ids: dict[tuple[int, int], str] = {}
        self.excused: set[Said] = set()
        self._by_contact = by_contact
        self._under_way: list[int] = []

    def key(self, said: Said) -> tuple[int, int]:
        """What one record of this target stands for."""
        return said.registrant, said.contact if self._by_contact else 0

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        self._accounts.point("it calls")
        said = [self._accounts.said(record) for record in records]
        for one, record in zip(said, records, strict=True):
            self._check(one, record)
        numbers = [one.registrant for one in said]
        self._under_way += numbers
        try:
            return self._answer(said, records)
        finally:
            del self._under_way[len(self._under_way) - len(numbers) :]

    def _answer(self, said: list[Said], records: Sequence[Record]) -> Sequence[Outcome]:
        calls = [
            Sent(one, self.key(one), dict(r.fields)) for one, r in zip(said, records, strict=True)
        ]
        self.sent += calls
        self._accounts.steps[-1] += calls
        fault = self.faults.popleft() if self.faults else None
        error = fault.answer(self._accounts.now()) if fault and callable(fault.answer) else None
        outcomes = []
        for place, call in enumerate(calls):
            struck = fault is not None and (error is not None or place == 0)
            if not struck or (fault and fault.applied):
                self.holds[call.key] = call.fields
            if fault and struck:
                call.taken = False if fault.surely_not else None
            else:
                call.taken = True
            answer = fault.answer if fault and struck else None
            outcomes.append(answer if isinstance(answer, Outcome) else self._accept(call.key))
        self._accounts.point("it is answered")
        if error:
            raise error
        return outcomes

    def _accept(self, key: tuple[int, int]) -> Outcome:
        if key in self.ids:
            return Outcome.updated(self.ids[key])
        self.ids[key] = f"id of {key}"
        return Outcome.created(self.ids[key])

    def _check(self, said: Said, record: Record) -> None:
        if said.registrant in self._under_way:
            self._complain("two revisions of one registrant are in flight together", said)
        earlier = [call for call in self.sent if call.said.registrant == said.registrant]
        if any(call.said.order > said.order for call in earlier):
            self._complain("an older revision comes after a newer one", said)
        for call in earlier:
            if call.said == said:
                self._check_repeat(call)
        self._check_equal(said, record)
        self._check_id(said, record)

    def _check_repeat(self, call: Sent) -> None:
        if self.idempotent and call.taken and call.settled:
            self._complain("what was delivered is sent again", call.said)
        if not self.idempotent and call.taken is not False:
            if call.said not in self.excused:
                self._complain("what may have been delivered is sent again", call.said)
            call.taken = False  # a person said so

    def _check_equal(self, said: Said, record: Record) -> None:
        """Once: what the target has already is *unchanged*, and no call is made."""
        about = [call for call in self.sent if call.key == self.key(said)]
        about = [call for call in about if call.taken is not False or not call.settled]
        last = about[-1] if about else None
        surely = last is not None and last.taken and last.settled
        if last and surely and last.said != said and last.fields == record.fields:
            self._complain("an equal record is sent again", said)

    def _check_id(self, said: Said, record: Record) -> None:
        if record.external_id not in (None, self.ids.get(self.key(said))):
            self._complain("the id is another's", said)
        settled = any(c.settled and c.taken and c.key == self.key(said) for c in self.sent)
        if settled and record.external_id is None:
            self._complain("the id is not given back", said)

    def _complain(self, what: str, said: Said) -> None:
        self._accounts.wrong.append(f"{what}: {said}")
