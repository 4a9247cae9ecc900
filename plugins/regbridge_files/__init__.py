"""The target that needs nothing: JSON Lines and CSV files."""
