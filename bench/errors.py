"""The error a user can cause and mend."""


class UserError(Exception):
    """Something the user asked for cannot be done. Its text is one line: what, where, what to do."""
