"""Variables that are set for a block are as before after it."""

from __future__ import annotations

import os

import pytest

from regbridge.testing.environ import environment


def test_variables_are_set_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIDGE_OLD", "old")
    monkeypatch.delenv("REGBRIDGE_NEW", raising=False)
    before = dict(os.environ)
    with pytest.raises(LookupError), environment({"REGBRIDGE_OLD": "1", "REGBRIDGE_NEW": "2"}):
        assert (os.environ["REGBRIDGE_OLD"], os.environ["REGBRIDGE_NEW"]) == ("1", "2")
        raise LookupError
    assert dict(os.environ) == before
