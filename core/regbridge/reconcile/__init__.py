"""Compares what Cvent has with the ledger and the targets, and sends what is missing."""
