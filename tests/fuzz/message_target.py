"""What must hold of any body that the message parser is given."""

from __future__ import annotations

from regbridge.errors import MalformedMessageError, RejectedError
from regbridge.message import read_envelope, read_fields, read_revisions

_QUOTED = 24
"""So many bytes of a body in the text of its error are no coincidence any more."""


def judge(body: bytes) -> None:
    """Read a body as the webhook and the worker do; raises what neither of them expects."""
    try:
        envelope = read_envelope(body)
    except MalformedMessageError as error:
        _require_discreet(str(error), body)
        return
    revisions = list(read_revisions(envelope, {}))
    assert [each.position for each in revisions] == list(range(len(envelope.records)))
    subjects = [(each.subject, each.occurrence) for each in revisions if each.subject]
    assert len(set(subjects)) == len(subjects)
    middle = len(revisions) // 2
    assert list(read_revisions(envelope, {}, middle)) == revisions[middle:]
    for each in revisions:
        each_text = (each.subject, each.name, each.email, each.confirmation, each.invitee_stub)
        assert not any("\0" in text for text in each_text)
        assert bool(each.field) <= bool(each.problem)
        try:
            fields = read_fields(each.payload)
        except RejectedError as error:
            _require_discreet(str(error), each.payload)
        else:
            assert all(isinstance(name, str) for name in fields)


def _require_discreet(said: str, body: bytes) -> None:
    """An error says what and where, and quotes nobody's data."""
    text = body.decode("utf-8", "replace")
    pieces = (text[at : at + _QUOTED] for at in range(0, len(text) - _QUOTED, _QUOTED))
    assert not any(piece in said for piece in pieces)
