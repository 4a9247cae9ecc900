"""Looks for causes of alerts now and then, and sends what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from regbridge.alerts.alert import Alert
from regbridge.alerts.causes import find_alerts
from regbridge.errors import RegbridgeError
from regbridge.models import Client
from regbridge.periodic import Periodic
from regbridge.store.alerts import claim_alert, give_back_alert
from regbridge.store.engine import Store

log = structlog.get_logger()

Channel = Callable[[Alert], None]
"""Sends an alert; raises `RegbridgeError` when it could not be sent."""

EVERY_SECONDS = 30.0


class Watch:
    """The alerts of one process; others of the same ledger send none twice. Start and stop once.

    `clients` returns those that run at this moment, by name.
    """

    def __init__(
        self,
        store: Store,
        clients: Callable[[], Mapping[str, Client]],
        channels: Mapping[str, Channel],
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._clients = clients
        self._channels = channels
        self._clock = clock
        self._known_since: dict[tuple[str, str], int] = {}
        self._note(clients())
        self._periodic = Periodic("alerts", EVERY_SECONDS, self.look)

    def start(self) -> None:
        """Begin."""
        self._periodic.start()

    def stop(self) -> None:
        """End; an alert that is being sent goes out."""
        self._periodic.stop()

    def look(self) -> None:
        """Send what is new; what cannot be sent is new again the next time."""
        try:
            clients = self._clients()
            self._note(clients)
            for alert in find_alerts(self._store, clients, self._clock(), self._known_since):
                self._tell(alert)
        except RegbridgeError as error:
            log.error("alerts cannot be looked for", error=error.detail)
        except Exception:
            log.exception("alerts failed by a bug")

    def _note(self, clients: Mapping[str, Client]) -> None:
        """Note since when this host knows each endpoint."""
        now = self._clock()
        for name, client in clients.items():
            for endpoint in client.endpoints:
                self._known_since.setdefault((name, endpoint), now)

    def _tell(self, alert: Alert) -> None:
        now = self._clock()
        claimed, before = self._store.write(lambda c: claim_alert(c, alert.cause, alert.about, now))
        if not claimed:
            return
        log.warning("alert", cause=alert.cause, subject=alert.subject)
        failed = [name for name, send in self._channels.items() if not _sent(name, send, alert)]
        if failed and len(failed) == len(self._channels):
            self._store.write(lambda c: give_back_alert(c, alert.cause, before))


def _sent(name: str, send: Channel, alert: Alert) -> bool:
    try:
        send(alert)
    except RegbridgeError as error:
        log.error("the alert could not be sent", channel=name, error=error.detail)
        return False
    return True
