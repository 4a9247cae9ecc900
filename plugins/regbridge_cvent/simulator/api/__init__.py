"""The operations of the simulated API."""
