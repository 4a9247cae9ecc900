"""The headers that change how a call is worked on, each with the privilege that it needs."""

from __future__ import annotations

from collections.abc import Mapping

from regbridge_dynamics.simulator.columns import GUID
from regbridge_dynamics.simulator.errors import ApiError, bad_request
from regbridge_dynamics.simulator.rights import ACT_ON_BEHALF, BYPASS_LOGIC, BYPASS_PLUGINS, Rights

NAMES = (
    "mscrm.suppressduplicatedetection",
    "mscrm.bypassbusinesslogicexecution",
    "mscrm.bypassbusinesslogicexecutionstepids",
    "mscrm.bypasscustompluginexecution",
    "callerobjectid",
    "consistency",
)

_LOGIC = frozenset({"customsync", "customasync"})
_MOST_STEPS = 3


def check_optional_headers(headers: Mapping[str, str], user_id: str, rights: Rights) -> None:
    """Raise `ApiError` for a value that is not documented, or one that the user may not use.

    See reference/dataverse-web-api.md, section 2.
    """
    for name in ("mscrm.suppressduplicatedetection", "mscrm.bypasscustompluginexecution"):
        if headers.get(name, "true").lower() not in ("true", "false"):
            raise _wrong(name)
    if headers.get("mscrm.bypasscustompluginexecution", "").lower() == "true":
        rights.require(user_id, BYPASS_PLUGINS)
    if "mscrm.bypassbusinesslogicexecution" in headers:
        given = headers["mscrm.bypassbusinesslogicexecution"].lower().split(",")
        if not set(given) <= _LOGIC:
            raise _wrong("mscrm.bypassbusinesslogicexecution")
        rights.require(user_id, BYPASS_LOGIC)
    if "mscrm.bypassbusinesslogicexecutionstepids" in headers:
        steps = headers["mscrm.bypassbusinesslogicexecutionstepids"].split(",")
        if len(steps) > _MOST_STEPS or not all(GUID.fullmatch(step) for step in steps):
            raise _wrong("mscrm.bypassbusinesslogicexecutionstepids")
        rights.require(user_id, BYPASS_LOGIC)
    if "callerobjectid" in headers:
        if not GUID.fullmatch(headers["callerobjectid"]):
            raise _wrong("callerobjectid")
        rights.require(user_id, ACT_ON_BEHALF)
    if headers.get("consistency", "Strong") != "Strong":
        raise _wrong("consistency")


def _wrong(name: str) -> ApiError:
    return bad_request(f"The value of the header {name} is not valid.", "0x80040203")
