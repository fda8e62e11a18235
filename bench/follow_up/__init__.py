"""What a study runs after its first runs."""

from bench.follow_up.follow_up import FollowUp

__all__ = [
    "FollowUp",
]
