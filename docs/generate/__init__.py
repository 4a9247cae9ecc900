"""Writes the parts of the reference that are told from the code; `python -m docs.generate`."""
