"""The Ultralytics side: polygon model, targets, loss, trainer and prediction."""

import logging
import os

# Ultralytics reads these once, on import: no look-up of hosts, no package installed on the way, no banner, no bars, and
# no code run from a checkpoint.
os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_VERBOSE", "false")

# Within `torchrun`, say, it would take this process for one of several that train one network together.
_ranks = {name: os.environ.pop(name) for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE") if name in os.environ}

import ultralytics.utils  # noqa: E402

os.environ.update(_ranks)
ultralytics.utils.LOGGER.setLevel(logging.ERROR)
