"""Writes what an administrator needs to run regbridge for good, behind IIS or nginx."""
