"""The error a user can cause and mend, and what any other says, in one line."""


class UserError(Exception):
    """Something the user asked for cannot be done. Its text is one line: what, where, what to do."""


class StorageError(UserError):
    """A file cannot be written, or not be read just now: the disk is full, read-only or gone.

    What was there before is still whole.
    """


def brief(error: BaseException, most: int | None = None) -> str:
    """Return an exception in one line of up to `most` characters: `ValueError: what it says`, or `MemoryError`."""
    return ": ".join(filter(None, [type(error).__name__, " ".join(str(error).split())]))[:most]
