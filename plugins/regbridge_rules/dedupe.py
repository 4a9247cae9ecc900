"""The `latest` and `once` plugins: which registrations stand for the same change."""

from __future__ import annotations

from regbridge import Plugin, Registration, hookimpl


class Latest(Plugin):
    """Takes every message once: the same messageStub again is a duplicate, another one is not.

    A later message with the same fields is no duplicate, because `updatedDate` is only a day and
    the answers to questions are not in the message at all.
    """

    @hookimpl
    def dedupe_key(self, registration: Registration) -> str | None:
        """Name the message and its subject; None without either, the host's own key decides."""
        if not (registration.message_stub and registration.subject):
            return None
        return f"{registration.message_stub}:{registration.subject}:{registration.occurrence}"


class Once(Plugin):
    """Takes every registrant once and ignores all later changes."""

    @hookimpl
    def dedupe_key(self, registration: Registration) -> str | None:
        """Name the subject alone; None when the record names nobody."""
        return f"once:{registration.subject}" if registration.subject else None
