"""A sender that behaves as Cvent does: what is not answered is sent again."""

from __future__ import annotations

import threading
from collections import Counter

import requests
from tests.chaos.messages import Message, Messages

from regbridge.http import may_have_arrived

TOKEN = "a token of the crash trials"
PAUSE_SECONDS = 0.03
_THREADS = 2


class Cvent:
    """Posts messages as long as it is told to, several at a time.

    `acknowledged` counts the 200s of each message by its stub, and the 400s of each malformed body.
    `lost` counts the answers that did not come: nobody knows whether that message was stored.
    """

    def __init__(self, messages: Messages) -> None:
        self.url = ""
        self.acknowledged: Counter[str] = Counter()
        self.lost = 0
        self.failure: BaseException | None = None
        self._messages = messages
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._giving_up = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no further message, and wait until those under way are acknowledged."""
        self._stopping.set()
        self._join()
        if self.failure:
            raise self.failure

    def give_up(self) -> None:
        """Stop at once, whatever is not acknowledged."""
        self._stopping.set()
        self._giving_up.set()
        self._join()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        try:
            with requests.Session() as session:
                while not self._stopping.wait(PAUSE_SECONDS):
                    self._send(session, self._messages.next())
        except BaseException as error:
            self.failure = error

    def _send(self, session: requests.Session, message: Message) -> None:
        while not self._giving_up.is_set():
            if self.url and self._post(session, self.url, message):
                return
            self._giving_up.wait(0.02)

    def _post(self, session: requests.Session, url: str, message: Message) -> bool:
        """Post a message once; return whether it was acknowledged."""
        headers = {"Authorization": TOKEN, "Content-Type": "application/json"}
        try:
            answer = session.post(url, data=message.body, headers=headers, timeout=30)
        except requests.RequestException as error:
            with self._lock:
                self.lost += may_have_arrived(error)
            return False
        if answer.status_code == 503:
            return False
        assert answer.status_code == (200 if message.stub else 400), answer.text
        with self._lock:
            self.acknowledged[message.stub or message.body.decode()] += 1
        return True
