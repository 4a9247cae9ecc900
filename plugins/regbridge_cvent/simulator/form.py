"""Reads the form that a token endpoint is sent."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

import falcon

from regbridge_cvent.simulator.api.resources import read_body
from regbridge_cvent.simulator.errors import OAuthError

_MOST_FIELDS = 20


def read_form(request: falcon.Request) -> dict[str, str]:
    """Return a form, in which no parameter may stand twice. Raises `OAuthError`."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind != falcon.MEDIA_URLENCODED:
        raise OAuthError("invalid_request", f"the body must be {falcon.MEDIA_URLENCODED}")
    try:
        pairs = parse_qsl(
            read_body(request).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise OAuthError("invalid_request", "the body cannot be decoded") from None
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise OAuthError("invalid_request", "a parameter is sent more than once")
    return dict(pairs)
