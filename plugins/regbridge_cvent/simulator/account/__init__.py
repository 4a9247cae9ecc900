"""What the simulated account holds."""
