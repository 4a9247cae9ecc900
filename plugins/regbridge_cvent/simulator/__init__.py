"""A strict stand-in for Cvent's REST API, for tests, demos and benchmarks."""

from regbridge_cvent.simulator.account.population import GUESTS, Population
from regbridge_cvent.simulator.api.pages import EmptyLastPage
from regbridge_cvent.simulator.behaviour import Behaviour
from regbridge_cvent.simulator.oauth import SCOPES
from regbridge_cvent.simulator.service import CventSimulator
from regbridge_cvent.simulator.tiers import FREE, PREMIUM, STANDARD, Tier

__all__ = [
    "FREE",
    "GUESTS",
    "PREMIUM",
    "SCOPES",
    "STANDARD",
    "Behaviour",
    "CventSimulator",
    "EmptyLastPage",
    "Population",
    "Tier",
]
