"""The staging table that the simulated service commits to."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class StagingRecord:
    """One committed call, under the GUID that the service made for it."""

    guid: str
    parameters: Mapping[str, str] = field(repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """The registrant: szPerID and szRegID."""
        return self.parameters["szPerID"], self.parameters["szRegID"]


class Staging:
    """Keeps every call as a record of its own, as a service does that is not idempotent."""

    def __init__(self, new_guid: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        self._new_guid = new_guid
        self._lock = Lock()
        self._records: list[StagingRecord] = []

    @property
    def records(self) -> tuple[StagingRecord, ...]:
        """What was committed, in its order."""
        with self._lock:
            return tuple(self._records)

    def commit(self, parameters: Mapping[str, str]) -> StagingRecord:
        """Keep a call, and return its record."""
        with self._lock:
            record = StagingRecord(self._new_guid(), dict(parameters))
            self._records.append(record)
            return record

    def of(self, person: str) -> list[StagingRecord]:
        """Return the records with this szPerID, in their order."""
        return [each for each in self.records if each.parameters["szPerID"] == person]

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many records each registrant has, by szPerID and szRegID."""
        return Counter(each.key for each in self.records)

    def doubles(self) -> list[StagingRecord]:
        """Return the records that say nothing but what an earlier one said already."""
        seen: set[tuple[tuple[str, str], ...]] = set()
        doubles = []
        for record in self.records:
            said = tuple(sorted(record.parameters.items()))
            if said in seen:
                doubles.append(record)
            seen.add(said)
        return doubles
