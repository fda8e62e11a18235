"""`bench train`: one training, in the words of the `yolo` command."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.commands import options
from bench.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.commands.words import Words
    from bench.detector.job import Job


def train(
    words: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="model=, data=, epochs=, strategy=, ...")],
    plugin: options.Plugins = None,
) -> None:
    """Train one detector on your data: the words of `yolo`, and `strategy=` or `use_hybrid_loss=True`."""
    import strategies
    from bench.commands.words import read_words, run_folder
    from bench.detector.job import Diverged
    from bench.detector.standalone import RunFolderTrainer
    from bench.history_columns import measured
    from bench.metrics import FIGURE
    from bench.no_memory import as_user_error
    from datasets import DataError

    for source in plugin or []:
        strategies.load_plugin(source)
    asked = read_words(words)
    job = _job(asked)
    folder = run_folder(asked.place, "train")
    made = next((one for one in (*reversed(folder.parents), folder) if not one.exists()), None)
    options.writable(folder, "project=DIR")
    best, epochs = [-1.0, 0], 0

    def say_epoch(row: Mapping[str, float]) -> None:
        nonlocal epochs
        epochs = int(row["epoch"])
        ap = f", mAP50-95 {row[FIGURE]:.3f}" if measured(row) else ""
        if measured(row) and row[FIGURE] >= best[0]:  # of several, best.pt is the last
            best[:] = row[FIGURE], epochs
        alpha = f", alpha {row['alpha']:.2f}" if "alpha" in row else ""
        options.say(f"epoch {epochs}/{job.settings['epochs']}: loss {row['loss']:.4g}{alpha}{ap}")

    try:
        with as_user_error(job.settings.get("batch", 16), job.settings.get("imgsz", 640)):
            RunFolderTrainer(job, folder, say_epoch, _in_force(job, asked.place)).run()
    except Diverged as error:
        options.say(f"diverged: {error}; what there is lies in {folder}")
        raise SystemExit(1) from None
    except KeyboardInterrupt as stop:
        there = f"after epoch {epochs}; what there is lies in {folder}" if epochs else "in the first epoch"
        options.say(f"stopped by {str(stop) or 'Ctrl-C'} {there}")
        raise SystemExit(130) from None
    except (UserError, DataError):
        if made and not epochs:  # nothing is in it but what was asked for
            shutil.rmtree(made, ignore_errors=True)
        raise
    options.say(f"best mAP50-95 {best[0]:.3f} at epoch {best[1]}: {folder / 'weights' / 'best.pt'}")


def _in_force(job: Job, place: Mapping[str, Any]) -> dict[str, Any]:
    """Return those words of a training that its trainer has no setting for, or one that means something else."""
    from bench.clip_vertices import CLIP

    arm = job.arms[0]
    return {
        **{key: place.get(key) for key in ("data", "pretrained", "project", "name")},
        "exist_ok": place.get("exist_ok", False),
        "amp": job.settings["amp"],
        "vertices": job.vertices,
        CLIP: job.settings[CLIP],
        "strategy": arm.strategy.label,
        **({"mgiou": arm.form} if arm.form else {}),
    }


def _job(words: Words) -> Job:
    """Return what to train.

    Raises:
        UserError: a word makes no sense.
        DataError: no such data.
    """
    import datasets
    from bench.clip_vertices import CLIP
    from bench.commands.words import arm_of
    from bench.detector.device import has_bf16
    from bench.detector.freezing import check_freeze
    from bench.detector.job import Job
    from bench.detector.model import model_config
    from bench.detector.precision import BF16
    from bench.detector.pretrained import transferred
    from bench.execution.hardware import resolve_device
    from bench.metrics import MIN_CONFIDENCE
    from bench.settings.words import refuse_idle
    from bench.study import check_vertices

    place = words.place
    model = str(place.get("model", "yolo11n-polygon.yaml"))
    model_config(model, 4)
    arm = arm_of(words.loss)
    if not place.get("data"):
        raise UserError("data= is missing; say data=my.yaml, a folder, or documents")
    device = resolve_device(str(place.get("device") or "auto"))
    settings = {"epochs": 100, "imgsz": 640, "batch": 16, CLIP: False, **words.settings}
    if settings.get("conf") is None:
        settings["conf"] = MIN_CONFIDENCE
    refuse_idle(words.settings, settings.get("optimizer", "auto"))
    # Ultralytics' amp is half precision on a GPU; here it is bfloat16, and the losses stay in single precision.
    amp = settings.get("amp", True)
    if amp == "fp16":
        raise UserError("amp=fp16: what there is instead of single precision is bf16; give amp=bf16")
    settings["amp"] = BF16 if amp == BF16 or (amp not in (False, "fp32") and has_bf16(device)) else False
    check_freeze(settings.get("freeze"), model)
    weights = place.get("pretrained")
    pretrained = weights if isinstance(weights, str) else None
    data = datasets.load(str(place["data"]))
    options.say_notes(data)
    vertices = place.get("vertices", data.vertices)
    check_vertices(vertices, f"vertices={vertices}")
    if pretrained:
        options.say(transferred(pretrained, model, vertices, data.categories))
    return Job(
        arms=(arm,),
        data=data,
        vertices=vertices,
        seed=place.get("seed", 0),
        model=model,
        settings=settings,
        device=device,
        val_every=1,
        pretrained=pretrained,
    )
