"""The API: the facts of the console as JSON, under /api/v1."""
