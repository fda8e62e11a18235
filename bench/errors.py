"""The error a user can cause and mend."""


class UserError(Exception):
    """Something the user asked for cannot be done. Its text is one line: what, where, what to do."""


class StorageError(UserError):
    """A file cannot be written: the disk is full, read-only or gone. What was there before is still whole."""
