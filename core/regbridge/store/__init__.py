"""The ledger: everything that is kept, and the only package that speaks SQL."""
