"""Emitters of the protocol's definitions, one language a module."""
