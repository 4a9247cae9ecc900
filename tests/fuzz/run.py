"""Fuzzes one target for a while: `python -m tests.fuzz.run message|webhook SECONDS [CORPUS]`.

What comes in is mutated by libFuzzer, guided by the lines of regbridge that it reaches. It ends
with 0 when nothing was found; otherwise it prints what was raised, and writes the input that did it
into the current folder. Where a folder is named, what it learns goes on from there the next time.
It needs the extra `fuzz`, which brings atheris on Linux.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import atheris
import structlog

# NOTE: atheris keeps what every comparison returns, which in SQL is an expression: a gigabyte in
# fifty thousand requests.
_STORE = [
    f"regbridge.store.{path.stem}"
    for place in getattr(find_spec("regbridge"), "submodule_search_locations", ())
    for path in (Path(place) / "store").glob("*.py")
]

with atheris.instrument_imports(include=["regbridge", "waitress"], exclude=_STORE):
    from tests.fuzz import message_target, seeds
    from tests.fuzz.webhook_target import Endpoint

Target = tuple[Callable[[bytes], None], Iterable[bytes]]
"""What judges an input, and what it begins with."""

_LONGEST = 20_000
_METHODS = (b"POST ", b"GET ", b"HEAD ", b"PUT ", b"OPTIONS ")
_WORDS = (
    "eventType messageTime messageStub message eventStub inviteeStub contactStub newContactStub "
    "oldContactStub sessionStub speakerStub eventEmailStub isGuest firstName last_name email "
    "confirmationNumber registration_code lastModified orders orderDetails registrant "
    "Content-Encoding gzip Transfer-Encoding chunked Content-Length Authorization Expect "
    "AttendeeManualSynced InviteeOrGuestAccepted InviteeSubstitutedInAnEvent ContactOptedOut"
)


def main() -> None:
    """Fuzz until the time is up, or something is found."""
    name, seconds, *rest = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    judge, begun_with = _TARGETS[name]()
    with tempfile.TemporaryDirectory(prefix="regbridge-corpus-") as scratch:
        corpus = Path(rest[0]) if rest else Path(scratch) / "corpus"
        _plant(corpus, begun_with)
        words = Path(scratch) / "words"
        words.write_text("".join(f'"{word}"\n' for word in _WORDS.split()), encoding="ascii")
        options = (f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-dict={words}")
        atheris.Setup([sys.argv[0], *options, "-timeout=60", str(corpus)], judge)
        atheris.Fuzz()


def _message() -> Target:
    return message_target.judge, seeds.bodies()


def _webhook() -> Target:
    """Return what takes one request after the other, into a new ledger now and then.

    What does not begin as a request is the body of one that is let in.
    """
    endpoint = Endpoint()

    def judge(given: bytes) -> None:
        nonlocal endpoint
        request = given if given.startswith(_METHODS) else seeds.request(given)
        if not endpoint.judge(request):
            endpoint.close()
            endpoint = Endpoint()

    return judge, seeds.requests()


def _plant(corpus: Path, begun_with: Iterable[bytes]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for each in begun_with:
        (corpus / hashlib.sha256(each).hexdigest()[:16]).write_bytes(each)


_TARGETS: Mapping[str, Callable[[], Target]] = {"message": _message, "webhook": _webhook}


if __name__ == "__main__":
    main()
