"""Delivers regbridge's registrations to HubSpot."""
