"""What a run is scored by: the names of its figures in the order they are shown, and the predictions that count."""

PRIMARY = ("mAP50", "mAP50_95", "mAP75", "mAP90")
"""AP of the hull."""
FIGURE = "mAP50_95"
"""What runs are compared by: COCO's AP of the hull, over the ten thresholds of IoU."""
SECONDARY = ("mAP50", "mAP50_95", "mAP75")
"""AP that is also taken of the ring and of the box."""
RATES = ("full_image", "bow_tie", "collapsed", "outside", "no_prediction")
"""Shares of the images."""

METRICS = (*PRIMARY, *(f"ring_{name}" for name in SECONDARY), *(f"box_{name}" for name in SECONDARY), *RATES)

MAX_DETECTIONS = 100
"""Predictions on an image that AP looks at, the best ones of all categories together. It is COCO's largest `maxDets`,
which pycocotools applies to each category by itself: with several, COCO's own AP would look at more."""
MIN_CONFIDENCE = 0.001
"""Least score of a prediction that counts for AP, as Ultralytics validates."""
