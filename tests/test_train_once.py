"""`bench train`, `val`, `predict` and `export`, one after the other on the same small detector."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from pycocotools.coco import COCO
from typer.testing import CliRunner

import datasets
from bench import losses
from bench.cli import app
from bench.commands.train import _job
from bench.commands.words import Words, arm_of, read_words
from bench.detector import onnx_export
from bench.detector.checkpoint import load_detector
from bench.detector.inference import detect
from bench.detector.job import Diverged
from bench.detector.predictions import find_images
from bench.detector.standalone import RunFolderTrainer
from bench.errors import UserError
from bench.evaluation import Evaluator
from datasets.files import SUFFIXES
from strategies import StrategyError
from strategies.signals import Signals
from tests.devices import DEVICE

ROOT = Path(__file__).resolve().parent.parent


def bench(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def run_folder(small_folder, tmp_path_factory):
    """Return the run folder of a detector that was trained for a few epochs."""
    threads = torch.get_num_threads()
    project = tmp_path_factory.mktemp("runs")
    done = bench(
        "train", f"data={small_folder}", "model=yolo11n-polygon.yaml", "epochs=3", "imgsz=64", "batch=4",
        f"device={DEVICE}",
        "use_hybrid_loss=True", "alpha_schedule=cosine", "alpha_start=0.9", "alpha_end=0.2", f"project={project}",
    )  # fmt: skip
    torch.set_num_threads(threads)
    assert done.exit_code == 0
    assert "epoch 3/3: loss" in done.stderr
    assert "best.pt" in done.stderr.splitlines()[-1]
    return project / "train"


def test_it_leaves_a_run_folder_as_ultralytics_does(run_folder):
    assert {path.name for path in run_folder.iterdir()} == {"args.yaml", "results.csv", "weights"}
    assert {path.name for path in (run_folder / "weights").iterdir()} == {"best.pt", "last.pt"}
    results = pd.read_csv(run_folder / "results.csv")
    assert results["epoch"].tolist() == [1, 2, 3]
    assert {"train/box_loss", "metrics/mAP50(P)", "metrics/mAP50-95(P)", "metrics/mAP50-95(B)"} <= set(results.columns)
    words = yaml.safe_load((run_folder / "args.yaml").read_text())
    assert (words["imgsz"], words["strategy"]) == (64, "hybrid")
    assert words["vertices"] == 4


def test_its_args_yaml_trains_the_same_once_more(run_folder, tmp_path):
    threads = torch.get_num_threads()
    done = bench("train", f"cfg={run_folder / 'args.yaml'}", f"project={tmp_path}")
    torch.set_num_threads(threads)
    assert done.exit_code == 0, done.stderr
    folders = (run_folder, tmp_path / "train")
    pd.testing.assert_frame_equal(*(pd.read_csv(one / "results.csv").drop(columns="time") for one in folders))
    words = [yaml.safe_load((one / "args.yaml").read_text()) for one in folders]
    for one in words:
        del one["project"], one["save_dir"]
    assert words[0] == words[1]


def test_plain_ultralytics_loads_it_where_this_package_is_installed(run_folder, small_folder, tmp_path):
    script = (
        "import sys; from ultralytics import YOLO; model = YOLO(sys.argv[1]);"
        "found = model.predict(sys.argv[2], imgsz=64, conf=0.0001, verbose=False)[0];"
        "print(model.names, tuple(found.keypoints.xy.shape[1:]))"
    )
    image = sorted((small_folder / "images").iterdir())[0]
    words = [sys.executable, "-c", script, str(run_folder / "weights" / "best.pt"), str(image)]
    plain = {key: value for key, value in os.environ.items() if key != "ULTRALYTICS_SAFE_LOAD"}  # this process's own
    done = subprocess.run(words, cwd=tmp_path, env={**plain, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1] == "{0: 'document'} (4, 2)"


def test_what_is_said_at_the_end_is_true_of_best_pt(small_folder, tmp_path, capsys):
    """Untrained on, AP is 0 throughout; of epochs that are as good, Ultralytics keeps the last."""
    done = bench(
        "train", f"data={small_folder}", "epochs=2", "imgsz=32", "batch=4", "lr0=0", "warmup_bias_lr=0",
        f"device={DEVICE}",
        "optimizer=SGD", f"project={tmp_path}",
    )  # fmt: skip
    assert "best mAP50-95 0.000 at epoch 2: " in done.stderr.splitlines()[-1]
    best = torch.load(tmp_path / "train" / "weights" / "best.pt", weights_only=False)
    last = torch.load(tmp_path / "train" / "weights" / "last.pt", weights_only=False)
    assert best["date"] == last["date"]


def test_val_gives_the_figures_of_the_evaluator(run_folder, small_folder):
    weights = run_folder / "weights" / "best.pt"
    done = bench("val", weights, "--data", small_folder, "--json", "--device", DEVICE)
    data = datasets.load(small_folder)
    found = detect(load_detector(weights), data, imgsz=64, device=DEVICE)
    assert found
    assert json.loads(done.stdout) == pytest.approx(Evaluator(data.val.coco).evaluate(found), nan_ok=True)


def test_predictions_can_be_read_by_those_they_are_for(run_folder, small_folder, tmp_path):
    out = tmp_path / "found"
    weights = run_folder / "weights" / "last.pt"
    words = ["predict", weights, small_folder / "images", "-o", out, "--conf", "0.001", "--device", DEVICE]
    assert bench(*words).exit_code == 0
    images = sorted((small_folder / "images").iterdir())
    truth = COCO(str(out / "images.json"))
    loaded = truth.loadRes(str(out / "predictions.json"))
    assert len(truth.imgs) == len(images)
    assert {cat["name"] for cat in truth.cats.values()} == {"document"}
    assert len(list((out / "images").iterdir())) == len(images)
    rows = 0
    for image in truth.imgs.values():
        own = loaded.imgToAnns[image["id"]]
        text = (out / "labels" / f"{Path(image['file_name']).stem}.txt").read_text().splitlines()
        assert len(text) == len(own)
        rows += len(text)
        for row, result in zip(text, own, strict=True):
            category, *values = row.split()
            points = np.array(values[:-1], dtype=float).reshape(-1, 2) * (image["width"], image["height"])
            assert category == "0"
            assert points.ravel() == pytest.approx(result["ring"], abs=0.01)
    assert rows
    with pytest.raises(UserError, match="there already"):
        bench(*words)


def test_onnx_gives_the_same_polygons_or_nothing_is_left(run_folder, tmp_path, monkeypatch):
    path = tmp_path / "detector.onnx"
    done = bench("export", run_folder / "weights" / "best.pt", "-o", path)
    assert done.exit_code == 0
    assert path.stat().st_size > 1_000_000
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
    with pytest.raises(UserError, match="nothing is written"):
        bench("export", run_folder / "weights" / "best.pt", "-o", tmp_path / "other.onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["detector.onnx"]


@pytest.mark.parametrize("schedule", losses.SCHEDULES)
def test_the_words_train_what_the_drop_in_loss_computes(schedule):
    said = read_words([f"alpha_schedule={schedule}", "use_hybrid_loss=True", "alpha_start=0.8", "alpha_end=0.1"])
    strategy = arm_of(said.loss).strategy
    loss = losses.HybridPolygonLoss(schedule, 0.8, 0.1, total_epochs=40)
    one = torch.tensor(1.0)
    for epoch in range(40):
        signals = Signals(epoch, 40, one, one, torch.eye(2), {})
        assert strategy.alpha_at(signals) == pytest.approx(loss.get_alpha(epoch))
    assert strategy.normalization == "gradient"


def test_any_registered_strategy_can_be_named():
    arm = arm_of(read_words(["strategy=two-stage-70", "mgiou=centred"]).loss)
    assert (arm.strategy.name, arm.form) == ("two-stage-70", "centred")
    assert arm_of(read_words([]).loss).strategy.name == "l2"
    forms = {name: arm_of({"strategy": name}).form for name in ("l2", "cosine", "mgiou-centred")}
    assert forms == {"l2": None, "cosine": "paper", "mgiou-centred": "centred"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["epochs"], "write key=value"),
        (["epochs=2", "epochs=3"], "twice"),
        (["epoch=2"], "did you mean epochs"),
        (["strategi=l2"], "did you mean strategy"),
        (["resume=True"], "bench run"),
        (["epochs=two"], "epochs"),
        (["lr0=[1"], "cannot be read"),
        (["alpha_start=0.5"], "use_hybrid_loss=True"),
        (["use_hybrid_loss=True", "strategy=l2"], "give one"),
        (["use_hybrid_loss=maybe"], "True or False"),
        (["use_hybrid_loss=True", "alpha_schedule=sine"], "unknown"),
        (["use_hybrid_loss=True", "alpha_start=2"], "between 0 and 1"),
        (["use_hybrid_loss=True", "alpha_schedule=exponential", "alpha_end=0"], "never leaves or reaches 0"),
        (["strategy=static[alpha=[0.1,0.2]]"], "2 strategies"),
        (["strategy=cosin"], "did you mean"),
        (["mgiou=square"], "paper and centred"),
        (["strategy=l2", "mgiou=paper", "data=documents"], "gives MGIoU no weight; leave it out"),
        (["strategy=rescue", "mgiou=paper", "data=documents"], r"rescue\[by=cosine\] is in form centred; leave it out"),
        (["model=yolo99n-polygon.yaml", "data=documents"], "no yolo99"),
        (["vertices=2", "data=documents"], "3 to 16"),
        (["vertices=4.0", "data=documents"], "3 to 16"),
        (["vertices=four", "data=documents"], "3 to 16"),
        (["seed=abc", "data=documents"], "give a whole number"),
        (["seed=-1", "data=documents"], "must be >= 0"),
        (["optimizer=foo", "data=documents"], "there are Adam"),
        (["freeze=99", "data=documents"], "24 layers, and one must be trained"),
        (["amp=fp16", "data=documents"], "give amp=bf16"),
        (["single_cls=True", "data=documents"], "not to be chosen here"),
        (["classes=[0]", "data=documents"], "not to be chosen here"),
        (["cfg=mine.yaml", "data=documents"], "cfg=mine.yaml: cannot be read"),
        (["data=nowhere"], "nowhere"),
        (["device=77", "data=documents"], "there is cpu"),
        (["model=best.pt", "data=documents"], "weights; name what they are of, and start from them with pretrained="),
        (["model=/etc/hostname", "data=documents"], "no YAML of a model"),
        (["lr0=0", "data=documents"], "optimizer=auto chooses it"),
        (["batch=19", "imgsz=32", "data=documents"], "final batch=1 training at imgsz=32"),
        (["project=/proc/x", "data=documents"], "choose another with project=DIR"),
        ([], "data= is missing"),
    ],
)
def test_wrong_words_are_one_line_and_leave_nothing(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UserError, StrategyError, datasets.DataError), match=message) as caught:
        bench("train", *(words or ["epochs=1"]))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_none_are_named_and_run_nothing(tmp_path, small_folder):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    bad = tmp_path / "bad.pt"
    torch.save({"model": Evil()}, bad)
    cut = tmp_path / "cut.pt"
    cut.write_bytes(bad.read_bytes()[:100])
    for path in (bad, cut, tmp_path / "absent.pt"):
        with pytest.raises(UserError, match=path.name):
            load_detector(path)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(UserError, match="no image"):
        find_images(tmp_path)


def test_an_image_size_that_is_no_multiple_of_32_is_rounded_up(run_folder, small_folder):
    weights = run_folder / "weights" / "best.pt"
    found = [
        json.loads(bench("val", weights, "--data", small_folder, "--json", "--device", DEVICE, "--imgsz", size).stdout)
        for size in (65, 96)
    ]
    assert found[0] == pytest.approx(found[1], nan_ok=True)


def test_bfloat16_that_is_asked_for_is_used_on_the_cpu_too(small_folder):
    place = {"data": str(small_folder), "device": "cpu"}
    jobs = [_job(Words({}, place, said)) for said in ({}, {"amp": "bf16"}, {"amp": False}, {"conf": 0.0})]
    assert [job.settings["amp"] for job in jobs] == [False, "bf16", False, False]
    assert [job.settings["conf"] for job in jobs] == [0.001, 0.001, 0.001, 0.0]


@pytest.mark.parametrize("own", [True, False])
def test_bfloat16_that_is_not_asked_for_is_used_on_a_gpu_that_has_it_itself(small_folder, monkeypatch, own):
    """Of one that has not, a T4 say, torch says that bfloat16 is supported: it computes it in single precision."""
    monkeypatch.setattr("bench.execution.hardware.resolve_device", lambda wanted: wanted)
    monkeypatch.setattr("torch.cuda.device", lambda number: contextlib.nullcontext())
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation=True: including_emulation or own)
    place = {"data": str(small_folder), "device": "0"}
    jobs = [_job(Words({}, place, said)) for said in ({}, {"amp": True}, {"amp": "bf16"}, {"amp": False})]
    assert [job.settings["amp"] for job in jobs] == ["bf16" if own else False] * 2 + ["bf16", False]


def short(folder, project):
    return ("train", f"data={folder}", "epochs=1", "imgsz=64", "batch=4", f"device={DEVICE}", f"project={project}")


@pytest.mark.parametrize(("raised", "told"), [((), "Ctrl-C"), (("SIGTERM",), "SIGTERM")])
def test_ctrl_c_says_where_what_there_is_lies(small_folder, tmp_path, monkeypatch, raised, told):
    def stop(trainer):
        raise KeyboardInterrupt(*raised)

    monkeypatch.setattr(RunFolderTrainer, "run", stop)
    done = bench(*short(small_folder, tmp_path))
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (130, f"bench: stopped by {told} in the first epoch")


def test_a_loss_that_is_no_number_is_exit_code_1(small_folder, tmp_path, monkeypatch):
    def diverge(trainer):
        raise Diverged("loss is nan at the end of epoch 1")

    monkeypatch.setattr(RunFolderTrainer, "run", diverge)
    done = bench(*short(small_folder, tmp_path))
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("bench: diverged: loss is nan at the end of epoch 1; what there is")


def test_too_little_memory_is_one_line_and_leaves_no_folder(small_folder, tmp_path, monkeypatch):
    def run_out(trainer):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")

    monkeypatch.setattr(RunFolderTrainer, "run", run_out)
    with pytest.raises(UserError, match=r"^out of memory with batch=4 at imgsz=64: give a smaller batch or imgsz$"):
        bench(*short(small_folder, tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()


def test_none_of_ultralytics_integrations_is_started(small_folder, tmp_path, monkeypatch):
    def refuse(trainer):
        raise AssertionError("an integration was started")

    def add(trainer):
        for event in trainer.callbacks:
            trainer.callbacks[event].append(refuse)

    monkeypatch.setattr("ultralytics.utils.callbacks.add_integration_callbacks", add)
    assert bench(*short(small_folder, tmp_path)).exit_code == 0


def test_a_full_disk_is_one_line_and_leaves_the_checkpoint_before_whole(small_folder, tmp_path, monkeypatch):
    kept = {}

    def full(beside, path):
        kept[Path(path)] = Path(path).read_bytes() if Path(path).exists() else None
        if Path(path).name == "last.pt" and kept[Path(path)] is not None:
            raise OSError(28, "No space left on device")
        Path(beside).rename(path)

    monkeypatch.setattr("bench.detector.standalone.os.replace", full)
    threads = torch.get_num_threads()
    with pytest.raises(UserError, match="weights cannot be written: No space left on device; mend that"):
        bench(*(word.replace("epochs=1", "epochs=2") for word in short(small_folder, tmp_path)))
    torch.set_num_threads(threads)
    weights = tmp_path / "train" / "weights"
    assert sorted(path.name for path in weights.iterdir()) == ["best.pt", "last.pt"]
    assert (weights / "last.pt").read_bytes() == kept[weights / "last.pt"]


def test_a_picture_that_is_spoilt_inside_is_one_line(run_folder, small_folder, tmp_path):
    shutil.copytree(small_folder / "images", tmp_path / "images")
    spoilt = sorted((tmp_path / "images").iterdir())[1]
    content = bytearray(spoilt.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60] = bytes(byte ^ 0xFF for byte in content[middle : middle + 60])
    spoilt.write_bytes(content)
    words = ["predict", run_folder / "weights" / "best.pt", tmp_path / "images", "-o", tmp_path / "out"]
    done = bench(*words, "--device", DEVICE)
    assert done.exit_code == 1
    assert f"{spoilt.name} cannot be decoded as an image; replace it" in done.stderr
    assert len(list((tmp_path / "out" / "images").iterdir())) == len(list((tmp_path / "images").iterdir())) - 1


def test_weights_that_are_not_finite_are_refused(run_folder, tmp_path):
    found = torch.load(run_folder / "weights" / "best.pt", weights_only=False)
    next(found["model"].parameters()).data.fill_(float("nan"))
    torch.save(found, tmp_path / "nan.pt")
    with pytest.raises(UserError, match=r"nan\.pt: its weights are not finite"):
        load_detector(tmp_path / "nan.pt")


def test_an_onnx_file_is_no_folder(run_folder, tmp_path):
    for out in (tmp_path, "."):
        with pytest.raises(UserError, match=r"is a folder; give FILE\.onnx"):
            bench("export", run_folder / "weights" / "best.pt", "-o", out)


def test_every_kind_of_image_is_looked_for(tmp_path):
    for suffix in SUFFIXES:
        (tmp_path / f"a{suffix}").touch()
    assert {path.suffix for path in find_images(tmp_path)} == SUFFIXES
