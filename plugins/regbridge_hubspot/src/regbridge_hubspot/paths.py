"""Where each thing is, by the version of HubSpot's API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one version: `v3`, or a dated one such as `2026-03`.

    HubSpot's API reference has both; v3 is its "legacy" part.
    """

    api: str

    def objects(self, object_type: str) -> str:
        """The records of a type."""
        if self.api == "v3":
            return f"/crm/v3/objects/{object_type}"
        return f"/crm/objects/{self.api}/{object_type}"

    def upsert(self, object_type: str) -> str:
        """Where many records of a type are upserted."""
        return f"{self.objects(object_type)}/batch/upsert"

    def properties(self, object_type: str) -> str:
        """What the properties of a type are."""
        if self.api == "v3":
            return f"/crm/v3/properties/{object_type}"
        return f"/crm/properties/{self.api}/{object_type}"

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
