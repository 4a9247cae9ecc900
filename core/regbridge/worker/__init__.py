"""The worker: splits receipts, prepares registrations, delivers records."""
