"""The metrics for a Prometheus; loaded only where `host.metrics` is set."""
