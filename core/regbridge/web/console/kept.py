"""Keeps what takes long to find for a while, so that many who look cost no more than one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from regbridge.counting import SHARE

_MOST = 100

Found = TypeVar("Found")


class Kept(Generic[Found]):
    """Keeps what was found fifty times as long as finding it took. Safe to share by threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[float, Found]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what is kept under a key, or find it."""
        with self._lock:
            until, found = self._kept.get(key, (0.0, None))
        begun = time.monotonic()
        if found is not None and begun < until:
            return found
        found = find()
        ended = time.monotonic()
        with self._lock:
            self._kept[key] = ended + SHARE * (ended - begun), found
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return found
