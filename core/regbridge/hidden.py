"""Takes the secrets that settings have named out of texts, whoever wrote these."""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import quote

HIDDEN = "\u2022\u2022\u2022\u2022"

_SHORTEST = 8
_LIKE_WORDS = re.compile(r"[a-z ]{1,24}", re.IGNORECASE)

_lock = threading.Lock()
_known: set[str] = set()
_pattern: re.Pattern[str] | None = None


def remember(secret: str) -> None:
    """Hide a secret from now on, in the forms in which texts quote it.

    What is short, or reads like a few words, stays: it would take the sense out of other texts.
    """
    global _pattern
    if len(secret) < _SHORTEST or _LIKE_WORDS.fullmatch(secret):
        return
    with _lock:
        if secret in _known:
            return
        forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
        _known.update(forms)
        _pattern = re.compile("|".join(map(re.escape, sorted(_known, key=len, reverse=True))))


def hide(text: str) -> str:
    """Return a text without any secret that is known."""
    return _pattern.sub(HIDDEN, text) if _pattern else text
