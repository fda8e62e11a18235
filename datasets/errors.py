"""The one kind of error this package raises."""


class DataError(ValueError):
    """Data that cannot be used. Its text is one line: what, where, what to do."""
