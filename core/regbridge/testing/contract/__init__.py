"""What every plugin must do, hook by hook, as pytest classes that its author inherits."""

from regbridge.testing.contract.attendees import AttendeesContract, Listing
from regbridge.testing.contract.authenticate import AuthenticateContract, Entrance
from regbridge.testing.contract.connection import Connection, ConnectionContract
from regbridge.testing.contract.dedupe import Changes, DedupeContract
from regbridge.testing.contract.delivery import DeliveryContract, Destination
from regbridge.testing.contract.enrich import EnrichContract, Source
from regbridge.testing.contract.filtering import FilterContract, Sieve
from regbridge.testing.contract.mapping import MapContract, Translation
from regbridge.testing.contract.outside import USUAL, Failure, Outside
from regbridge.testing.contract.recipe import PluginContract, Recipe
from regbridge.testing.rules.texts import LONG, PERSON, UNICODE

__all__ = [
    "LONG",
    "PERSON",
    "UNICODE",
    "USUAL",
    "AttendeesContract",
    "AuthenticateContract",
    "Changes",
    "Connection",
    "ConnectionContract",
    "DedupeContract",
    "DeliveryContract",
    "Destination",
    "EnrichContract",
    "Entrance",
    "Failure",
    "FilterContract",
    "Listing",
    "MapContract",
    "Outside",
    "PluginContract",
    "Recipe",
    "Sieve",
    "Source",
    "Translation",
]
