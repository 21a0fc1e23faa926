"""Errors of the wire protocol."""


class ProtocolError(Exception):
    """Bytes or values that break the protocol; the message says what was wrong and where."""
