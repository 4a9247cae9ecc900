"""Cvent's filters: their grammar, their fields, their meaning."""
