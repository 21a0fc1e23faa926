"""The error that users see: one line saying what was wrong, where, and what to do."""


class EmogaError(Exception):
    """A problem with the user's input or machine; its message is shown as it is, without a traceback."""
