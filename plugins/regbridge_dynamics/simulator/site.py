"""Where the simulated environment is, as its clients see it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

BASE_PATH = "/api/data/v9.2"


@dataclass(slots=True)
class Site:
    """The environment's URL without a slash at the end, and the tenant that it belongs to."""

    url: str
    tenant: str

    @property
    def base_url(self) -> str:
        """Return the URL of the Web API."""
        return f"{self.url}{BASE_PATH}"

    @property
    def authority(self) -> str:
        """Return the URL of the tenant at Entra ID: always https, since msal takes no other."""
        return f"https://{urlsplit(self.url).netloc}/{self.tenant}"

    @property
    def token_url(self) -> str:
        """Return the URL of the token endpoint."""
        return f"{self.authority}/oauth2/v2.0/token"
