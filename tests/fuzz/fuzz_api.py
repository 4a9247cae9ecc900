"""The API of a running host, asked what its own OpenAPI document allows, and what it does not.

`python -m pytest tests/fuzz/fuzz_api.py`; it needs the extra `fuzz`, so `pytest` alone leaves it
out. `REGBRIDGE_API_EXAMPLES` is how often each path is asked at random.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, update
from tests.integration.api.conftest import TOKEN, api, configs, host

from regbridge.store.passes import NewPass, begin_passes
from regbridge.store.proof_tables import differences, passes
from regbridge.testing.payloads import EVENT, encode, live, registrant, sync
from regbridge.web.api.document import ROOT

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

EXAMPLES = os.environ.get("REGBRIDGE_API_EXAMPLES", "20")

__all__ = ["api", "configs", "host"]  # fixtures


def fill(api: Api) -> None:
    """Give the ledger all that the document's examples ask for."""
    api.send(
        encode(live("InviteeOrGuestAccepted", registrant(1, jobTitle="Chair"))),
        encode(live("InviteeOrGuestAccepted", registrant(2))),
        b'{"eventType": ',
        encode(sync(3, first=10)),
        encode(sync(3, first=20)),
    )
    new = NewPass("apap", EVENT, "conference-2027", None, True, False, "schedule")
    found = {"pass_id": 1, "kind": "missing here", "name": "Mary", "found_at": 2}

    def compare(connection: Any) -> None:
        begin_passes(connection, [new], 1)
        connection.execute(update(passes).values(finished_at=2, due_at=None))
        connection.execute(insert(differences).values(found))

    api.host.store.write(compare)


def test_every_answer_is_as_the_document_says(api: Api, tmp_path: Path) -> None:
    fill(api)
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"{api.host.url}{ROOT}/openapi.json",
            *("--header", f"Authorization: Bearer {TOKEN}"),
            *("--max-examples", EXAMPLES, "--seed", "1", "--no-color"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "7 total" in asked.stdout
    assert "Missing test data" not in asked.stdout
