"""What a run leaves on disk, and the only thing a report reads."""

from bench.records.record import (
    GOES_ON,
    LOST,
    REMEDY,
    RESUMED,
    SCHEMA,
    STATUSES,
    RecordError,
    RecordOutOfReach,
    RunRecord,
    order,
)
from bench.records.run_folder import RunFolder
from bench.records.study import load_study, read_bootstraps

__all__ = [
    "GOES_ON",
    "LOST",
    "REMEDY",
    "RESUMED",
    "SCHEMA",
    "STATUSES",
    "RecordError",
    "RecordOutOfReach",
    "RunFolder",
    "RunRecord",
    "load_study",
    "order",
    "read_bootstraps",
]
