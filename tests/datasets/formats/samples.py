"""One small data set in every format: the same images, square and triangle."""

from __future__ import annotations

import io
import json

from PIL import Image

WIDTH, HEIGHT = 40, 20
SQUARE = [[4.0, 2.0], [20.0, 2.0], [20.0, 18.0], [4.0, 18.0]]
TRIANGLE = [[22.0, 2.0], [38.0, 2.0], [30.0, 18.0]]
NAMES = ["tile", "gable"]
SEGMENTS = "0 0.1 0.1 0.5 0.1 0.5 0.9 0.1 0.9\n1 0.55 0.1 0.95 0.1 0.75 0.9\n"
OBB = "0 0.1 0.1 0.5 0.1 0.5 0.9 0.1 0.9\n"
POSES = "0 0.3 0.5 0.4 0.8 0.1 0.1 2 0.5 0.1 1 0.5 0.9 2 0.1 0.9 2\n"
POSES += "1 0.75 0.5 0.4 0.8 0.55 0.1 2 0.95 0.1 2 0.75 0.9 2 0 0 0\n"
DATA_YAML = "train: images/train\nval: images/val\nnames: [tile, gable]\n"
DOTA = "imagesource:GoogleEarth\ngsd:0.146\n4 2 20 2 20 18 4 18 tile 0\n22 2 38 2 30 18 30 18 gable 1\n"


def picture(shade, size=(WIDTH, HEIGHT), kind="png"):
    """Return the bytes of an image of one grey."""
    content = io.BytesIO()
    Image.new("RGB", size, (shade,) * 3).save(content, kind)
    return content.getvalue()


def tree(folder, files):
    """Write files by their paths: bytes, texts, or JSON of anything else."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes | str):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def yolo(labels=SEGMENTS, more="", val=SEGMENTS):
    return {
        "data.yaml": DATA_YAML + more,
        "images/train/a.png": picture(10),
        "images/val/b.png": picture(20),
        "labels/train/a.txt": labels,
        "labels/val/b.txt": val,
    }


def pose(labels=POSES):
    return yolo(labels, "kpt_shape: [4, 3]\n", POSES)


def shape(label, points, **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": "polygon", "flags": {}, **more}


SHAPES = (shape("tile", SQUARE), shape("gable", TRIANGLE))


def labelled(image, shapes=SHAPES, **more):
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": image,
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
        **more,
    }


def labelme(train=None):
    return {
        "labels.txt": "__ignore__\n_background_\ntile\ngable\n",
        "train/a.png": picture(10),
        "val/b.png": picture(20),
        "train/a.json": labelled("a.png") if train is None else train,
        "val/b.json": labelled("b.png"),
    }


def dota(train=DOTA):
    return {
        "train/images/a.png": picture(10),
        "val/images/b.png": picture(20),
        "train/labelTxt/a.txt": train,
        "val/labelTxt/b.txt": DOTA,
    }


def coco(image):
    rings = [[value for point in ring for value in point] for ring in (SQUARE, TRIANGLE)]
    return {
        "images": [{"id": 1, "file_name": image, "width": WIDTH, "height": HEIGHT}],
        "annotations": [
            {"id": number, "image_id": 1, "category_id": number, "segmentation": [ring]}
            for number, ring in enumerate(rings, 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(NAMES, 1)],
    }


def coco_2017(train=None):
    return {
        "annotations/instances_train2017.json": train or coco("a.png"),
        "annotations/instances_val2017.json": coco("b.png"),
        "annotations/captions_train2017.json": {},
        "train2017/a.png": picture(10),
        "val2017/b.png": picture(20),
    }


def roboflow(train=None):
    return {
        "train/_annotations.coco.json": train or coco("a.png"),
        "valid/_annotations.coco.json": coco("b.png"),
        "train/a.png": picture(10),
        "valid/b.png": picture(20),
    }


def capitals():
    """As CVAT names splits that are called so there."""
    return {
        "annotations/instances_Train.json": coco("a.png"),
        "annotations/instances_Validation.json": coco("b.png"),
        "images/Train/a.png": picture(10),
        "images/Validation/b.png": picture(20),
    }


def native():
    return {
        "train.json": coco("a.png"),
        "val.json": coco("b.png"),
        "images/a.png": picture(10),
        "images/b.png": picture(20),
    }


FORMATS = {
    "coco": native(),
    "coco-2017": coco_2017(),
    "roboflow": roboflow(),
    "coco-capitals": capitals(),
    "yolo-segment": yolo(),
    "yolo-pose": pose(),
    "yolo-obb": yolo(OBB, "", OBB),
    "labelme": labelme(),
    "dota": dota(),
}


def rings(split):
    """Return the polygons of a split as lists, with their categories."""
    return [(item.category, item.points.tolist()) for image in split.images for item in image.objects]
