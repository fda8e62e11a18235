"""The one kind of error this package raises for a wrong name or parameter."""


class StrategyError(ValueError):
    """A strategy, parameter or plug-in that cannot be used. Its text is one line: what, where, what to do."""
