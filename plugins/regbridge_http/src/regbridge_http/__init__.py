"""Delivers regbridge's registrations to any URL as signed JSON (Standard Webhooks)."""
