"""Tells a person by e-mail or webhook when something needs one."""
