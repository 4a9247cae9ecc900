"""Plugins that speak with Cvent."""
