"""The operator's console: pages under /console, rendered on the server."""
