"""What plugins must keep and what can be found out without pytest and without a network."""
