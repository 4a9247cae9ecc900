"""Delivers regbridge's registrations to Salesforce."""
