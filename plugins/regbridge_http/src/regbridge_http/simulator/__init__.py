"""A receiver of webhooks on this machine: strict, or as Power Automate, Zapier and n8n are."""

from regbridge_http.simulator.flavours import FLAVOURS, Flavour
from regbridge_http.simulator.receiver import Received, Receiver
from regbridge_http.simulator.reply import Reply

__all__ = ["FLAVOURS", "Flavour", "Received", "Receiver", "Reply"]
