"""A strict simulator of a HubSpot account, for tests and trying out."""

from regbridge_hubspot.simulator.access import Credentials
from regbridge_hubspot.simulator.errors import ApiError
from regbridge_hubspot.simulator.faults import Fault
from regbridge_hubspot.simulator.hubspot import PORTAL, ZONE, HubspotSimulator
from regbridge_hubspot.simulator.limits import Limits
from regbridge_hubspot.simulator.schema import (
    ObjectType,
    Option,
    PropertyDefinition,
    contacts,
    registrations,
)

__all__ = [
    "PORTAL",
    "ZONE",
    "ApiError",
    "Credentials",
    "Fault",
    "HubspotSimulator",
    "Limits",
    "ObjectType",
    "Option",
    "PropertyDefinition",
    "contacts",
    "registrations",
]
