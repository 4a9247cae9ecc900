"""Webhooks protected by OAuth: what Cvent brings is a token of an authorization server."""
