"""An exception as text for logs: where it happened and what it was, without the values in it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from regbridge.errors import RegbridgeError
from regbridge.hidden import hide
from regbridge.redact import redact


def told(error: BaseException) -> str:
    """Return a traceback whose messages are masked.

    What an exception of elsewhere says may quote a value. What caused one of our own errors says
    nothing at all, because that error says what may be said.
    """
    parts: list[str] = []
    is_known = False
    for each, joint in _chain(error):
        said = "" if is_known else _message(each)
        where = "".join(traceback.format_list(traceback.extract_tb(each.__traceback__)))
        name = type(each).__qualname__
        text = f"Traceback (most recent call last):\n{where}{name}{': ' if said else ''}{said}"
        parts.append(text + (f"\n\n{joint}\n" if joint else ""))
        is_known = is_known or isinstance(each, RegbridgeError)
    return hide("\n".join(reversed(parts)))


def _message(error: BaseException) -> str:
    return error.detail if isinstance(error, RegbridgeError) else redact(str(error))


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and those before it, each with what Python writes between two of them."""
    seen: set[int] = set()
    found: BaseException | None = error
    joint = ""
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found, joint
        joint = "The above exception was the direct cause of the following exception:"
        before = found.__cause__
        if before is None and not found.__suppress_context__:
            before = found.__context__
            joint = "During handling of the above exception, another exception occurred:"
        found = before
