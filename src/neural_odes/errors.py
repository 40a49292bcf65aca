"""Errors that are the user's to mend: shown as one line, never as a stack trace."""


class UserError(Exception):
    """Names the file or key, the cause and the remedy, in one line: what a file or key may hold besides text is escaped."""

    def __init__(self, text: str):
        super().__init__("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text))
