"""Where each thing is, by the version of HubSpot's API."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one version: `v3`, or a dated one such as `2026-03`.

    HubSpot's API reference has both; v3 is its "legacy" part.
    """

    api: str

    def objects(self, object_type: str) -> str:
        """The records of a type."""
        return f"{self._within('objects')}/{quote(object_type, safe='')}"

    def upsert(self, object_type: str) -> str:
        """Where many records of a type are upserted."""
        return f"{self.objects(object_type)}/batch/upsert"

    def properties(self, object_type: str) -> str:
        """What the properties of a type are."""
        return f"{self._within('properties')}/{quote(object_type, safe='')}"

    @property
    def account(self) -> str:
        """What kind of account it is."""
        return f"/account-info/{self.api}/details"

    @property
    def usage(self) -> str:
        """How many calls were made today."""
        return f"/account-info/{self.api}/api-usage/daily/private-apps"

    @property
    def token(self) -> str:
        """Where a refresh token becomes an access token."""
        return f"/oauth/{self.api}/token"

    def _within(self, part: str) -> str:
        return f"/crm/v3/{part}" if self.api == "v3" else f"/crm/{part}/{self.api}"
