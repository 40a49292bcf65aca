"""Errors that are the user's to mend: shown as one line, never as a stack trace."""


class UserError(Exception):
    """Names the file or key, the cause and the remedy, in one line."""
