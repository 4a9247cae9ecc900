"""Values of a configuration without what may be a secret, for people to look at."""

from __future__ import annotations

import json
import re

from regbridge.config.resolved import Leaf

MASK = "\u2022\u2022\u2022\u2022"

_PASSWORD_OF_URL = re.compile(r"(://[^/\s:@]*):[^/\s@]*@")
_SECRET_NAME = re.compile(r"(pass(word|phrase)|secret|token|key|credentials?)$", re.IGNORECASE)


def masked(leaf: Leaf) -> str:
    """Return a value as JSON, without what may be a secret.

    A secret is a reference where its plugin declares it. A plugin of the client's own may not.
    """
    name = str(next((key for key in reversed(leaf.keys) if isinstance(key, str)), ""))
    may_be_secret = "settings" in leaf.keys and _SECRET_NAME.search(name) is not None
    if may_be_secret and isinstance(leaf.value, str):
        return MASK
    return _PASSWORD_OF_URL.sub(rf"\1:{MASK}@", json.dumps(leaf.value, ensure_ascii=False))
