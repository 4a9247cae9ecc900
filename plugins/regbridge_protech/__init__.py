"""Delivers to a client's Protech web service, over SOAP 1.1, SOAP 1.2 or a form."""
