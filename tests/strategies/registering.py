"""A strategy under a name, for as long as a test needs it."""

from __future__ import annotations

import contextlib

import strategies


@contextlib.contextmanager
def registered(cls, name="test-only"):
    try:
        yield strategies.register(name)(cls)
    finally:
        strategies.registry._registry.pop(name, None)
