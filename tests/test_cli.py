"""The commands as a user types them, from end to end on a small set."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.records import RunFolder, load_study
from tests.commands import refused
from tests.devices import DEVICE
from tests.models import SMALL

ROOT = Path(__file__).resolve().parent.parent


def bench(*words, **environment):
    """Run `python -m bench ...`; return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


def small_run(out, data, *words):
    return bench(
        "run", "--data", data, "--out", out, "--set", "epochs=2", "--set", "imgsz=64", "--set", "batch=4", "--seeds", 1,
        "--wandb", "off", "--precision", "fp32", *words,
    )  # fmt: skip


TEN_LINES = '''
from strategies import Mix, register


@register("test-late")
class Late(Mix):
    """L2 alone until `start`, then a half-and-half mix."""

    start: float = 0.4

    def alpha_at(self, signals):
        return 1.0 if signals.progress < self.start else 0.5
'''


@pytest.fixture(scope="module")
def study(tmp_path_factory, small_folder):
    """Run l2 and a strategy of ten lines once; the tests look at what it leaves."""
    out = tmp_path_factory.mktemp("out")
    plugin = out / "late.py"
    plugin.write_text(TEN_LINES)
    words = ("--strategy", "l2", "--strategy", "test-late[start=0.5]", "--plugin", plugin, "--tensorboard")
    done = small_run(out, small_folder, *words)
    assert done.returncode == 0, done.stderr
    return out, words, done


def test_a_strategy_of_ten_lines_runs_is_recorded_and_reported(study):
    out, _, done = study
    assert done.stdout == ""
    assert "2 done; records in" in done.stderr
    assert "Warning" not in done.stderr
    records = {record.label: record for record in load_study(out / "main")}
    assert records.keys() == {"l2", "test-late[start=0.5]"}
    late = records["test-late[start=0.5]"]
    assert late.status == "done"
    assert late.form == "paper"
    assert RunFolder(out / "main" / late.id).read_history()["alpha"].tolist() == [1.0, 0.5]
    report = bench("report", "--out", out)
    assert report.returncode == 0
    assert report.stderr == ""
    assert re.search(r"^\| test-late\\\[start=0.5\\\] +\| paper", report.stdout, re.M)


def test_a_run_leaves_what_the_design_says(study):
    import torch

    out, _, _ = study
    for record in load_study(out / "main"):
        folder = out / "main" / record.id
        names = {path.name for path in folder.iterdir()}
        assert names == {
            "run.json",
            "history.csv",
            "predictions.json.gz",
            "bootstrap.json",
            "samples.json.gz",
            "weights.pt",
            "told.json",  # since a tracker was asked for
        }
        assert record.metrics["final_epoch"] == 2
        assert (record.provenance["hardware"]["device"] == "cpu") == (DEVICE == "cpu")
        assert record.provenance["versions"]["torch"]
        history = RunFolder(folder).read_history()
        assert history["epoch"].tolist() == [1, 2]
        for column in ("w_l2", "w_mgiou", "loss_l2", "loss_mgiou", "grad_l2", "grad_mgiou", "grad_cosine"):
            assert history[column].notna().all()
        assert history["mAP50_95"].iloc[-1] == pytest.approx(record.metrics["mAP50_95"], nan_ok=True)
        stored = torch.load(folder / "weights.pt", weights_only=True)
        assert stored["identity"] == json.loads(json.dumps(record.identity))
        assert RunFolder(folder).read_predictions()[0].keys() == {
            "image_id", "category_id", "score", "bbox", "segmentation", "ring",
        }  # fmt: skip
    assert len(list((out / "main" / "tensorboard").glob("*/events*"))) == 2


def test_nothing_of_the_machine_is_in_a_record(study):
    out, _, _ = study
    for path in out.glob("main/*/run.json"):
        text = path.read_text()
        assert str(Path.home()) not in text
        assert str(out) not in text


def test_given_again_it_skips_what_is_done_and_fresh_repeats_it(study, small_folder):
    out, words, _ = study
    before = {path: path.stat().st_mtime_ns for path in out.glob("main/*/run.json")}
    again = small_run(out, small_folder, *words)
    assert again.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in out.glob("main/*/run.json")} == before
    weights = {path.parent.name: path.read_bytes() for path in out.glob("main/*/weights.pt")}
    repeated = small_run(out, small_folder, *words, "--fresh")
    assert repeated.returncode == 0
    assert all(path.stat().st_mtime_ns != stamp for path, stamp in before.items())
    import torch

    for run_id, old in weights.items():
        import io

        a = torch.load(io.BytesIO(old), weights_only=True)["state_dict"]
        b = torch.load(out / "main" / run_id / "weights.pt", weights_only=True)["state_dict"]
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)


def test_one_run_that_fails_takes_no_other_down(tmp_path, small_folder):
    plugin = tmp_path / "failing.py"
    plugin.write_text(
        TEN_LINES.replace("test-late", "test-failing").replace(
            "return 1.0 if", "assert signals.epochs == 20, 'on purpose'\n        return 1.0 if"
        )
    )
    words = ("--strategy", "test-failing", "--strategy", "l2", "--plugin", plugin, "--model", SMALL)
    done = small_run(tmp_path, small_folder, *words)
    assert done.returncode == 1
    assert "failed: AssertionError: on purpose" in done.stderr
    assert "Traceback" not in done.stderr
    by_label = {record.label: record for record in load_study(tmp_path / "main")}
    assert by_label["l2"].status == "done"
    failed = by_label["test-failing"]
    assert failed.status == "failed"
    assert "Traceback" in (tmp_path / "main" / failed.id / "error.log").read_text()
    report = bench("report", "--out", tmp_path).stdout
    assert "AssertionError: on purpose" in report


def test_controls_and_added_seeds_follow_and_are_not_repeated(tmp_path, small_folder):
    one = "static[normalization=gradient]"  # whose weights follow its run
    words = ("--strategy", "l2", "--strategy", one, "--controls", "--until-decided", "--max-seeds", 3, "--aa")
    words += ("--model", SMALL, "--seeds", 2, "--set", "imgsz=32")
    for _ in range(2):
        done = small_run(tmp_path, small_folder, *words)
        assert done.returncode == 0, done.stderr
        found = Counter((record.label, record.replicate) for record in load_study(tmp_path / "main"))
        seeds = found[one, 0]
        assert seeds in (2, 3)  # whether two seeds decide is the training's to say
        assert found == {
            ("l2", 0): seeds,
            ("l2", 1): 2,
            (one, 0): seeds,
            (f"{one}: averaged", 0): seeds,
            (f"{one}: shuffled", 0): seeds,
            (f"{one}: replayed", 0): seeds,
        }
    assert "done in" not in done.stderr
    text = bench("report", "--out", tmp_path).stdout
    assert "Noise of the machine itself, from 2 pairs of the same run twice" in text
    assert "none, mAP50-95 is the same to the last bit" in text


@pytest.mark.parametrize("form", ["json", "csv", "latex"])
def test_other_formats(study, form):
    done = bench("report", "main", "--out", study[0], "--format", form)
    assert done.returncode == 0
    assert "test-late" in done.stdout
    if form == "json":
        json.loads(done.stdout)


def test_list_shows_strategies_with_parameters_and_data_sets():
    done = bench("list")
    assert done.returncode == 0
    for word in ("two-stage-90", "alpha=0.8", "start=1, end=0.2", "documents", "parcels"):
        assert word in done.stdout


def test_check_passes_a_good_plugin_and_fails_a_bad_one(tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(TEN_LINES)
    bad.write_text(TEN_LINES.replace("test-late", "test-bad").replace("else 0.5", "else __import__('random').random()"))
    done = bench("check", good)
    assert (done.returncode, done.stdout.strip()) == (0, "test-late: keeps the contract")
    empty = tmp_path / "empty.py"
    empty.write_text("")
    assert bench("check", empty).returncode == 2
    done = bench("check", bad)
    assert done.returncode == 1
    assert "test-bad: breaks" in done.stdout
    assert "weights_are_pure: two walks over the same run differ" in done.stdout


def test_probe_prints_verdicts_and_json():
    done = bench("probe", "--json")
    found = json.loads(done.stdout)
    assert found["path"][0] == found["full_image"]
    shown = bench("probe").stdout
    for one in found["verdicts"]:
        assert one["verdict"] in shown
        assert all(f"{figure['found']:.3g}" in shown for figure in one["figures"] if figure["found"] is not None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "nothing to run; give --all, --suite or --strategy NAME"),
        (["run", "--strategy", "cosin"], "did you mean 'cosine'"),
        (["run", "--strategy", "static[alpha=2]"], "alpha=2 must lie between 0 and 1"),
        (["run", "--all", "--data", "nowhere"], "neither a data set nor a folder"),
        (["run", "--all", "--model", "resnet"], "model resnet"),
        (["run", "--all", "--set", "lr00=1"], "did you mean lr0"),
        (["run", "--all", "--device", "77"], "device 77"),
        (["run", "--all", "--seeds", "0"], "--seeds"),
        (["run", "--all", "--seeds", "many"], "--seeds"),
        (["run", "--all", "--mgiou", "other"], "--mgiou"),
        (["run", "--all", "--vertices", "2"], "3 to 16"),
        (["run", "--all", "--study", "../x"], "plain folder name"),
        (["run", "--all", "--plugin", "absent.py"], "no such file"),
        (["run", "--all", "--nonsense"], "No such option"),
        (["run", "--all", "--out", "/proc/nowhere"], "cannot create"),
        (["report", "--out", "nowhere"], "holds no study yet"),
        (["report", "--format", "pdf"], "--format"),
        (["report", "absent", "--out", "nowhere"], "has no study 'absent'"),
        (["nonsense"], "No such command"),
        (["check", "no.such.module"], "cannot be imported"),
        (["probe", "--area", "2"], "area"),
        (["plan"], "nothing to run"),
        (["status", "absent", "--out", "nowhere"], "has no study 'absent'"),
        (["run", "--strategy", "static[alpha"], "bracket is not closed"),
        (["run", "--strategy", "static[alfa=1]"], "did you mean 'alpha'"),
        (["run", "--strategy", "static[alpha=high]"], "expected float, got str"),
        (["run", "--strategy", "static[alpha=.nan]"], "must be a finite number"),
        (["run", "--strategy", "two-stage-50[switch=1.5]"], "must lie between 0 and 1"),
        (["run", "--strategy", "cosine[normalization=best]"], "is unknown; use one of"),
        (["run", "--strategy", "rescue[by=nothing]"], "no strategy is named 'nothing'"),
        (["run", "--all", "--suite", "everything"], "--suite"),
        (["run", "--all", "--precision", "fp8"], "--precision"),
        (["run", "--all", "--device", "gpu"], "device gpu"),
        (["run", "--all", "--workers", "0"], "--workers"),
        (["run", "--all", "--val-every", "0"], "--val-every"),
        (["run", "--all", "--snapshot-every", "-1"], "--snapshot-every"),
        (["run", "--all", "--vertices", "17"], "3 to 16"),
        (["run", "--all", "--model", "yolo11q-polygon.yaml"], "model yolo11q-polygon.yaml"),
        (["run", "--all", "--model", "yolo99n-polygon.yaml"], "has no yolo99-pose.yaml"),
        (["run", "--all", "--set", "imgsz"], "write key=value"),
        (["run", "--all", "--set", "imgsz=[1"], "cannot be read"),
        (["run", "--all", "--set", "lr0=fast"], "lr0"),
        (["run", "--all", "--set", "batch=-1"], "give a whole number"),
        (["run", "--all", "--set", "amp=True"], "use --precision"),
        (["run", "--all", "--set", "seed=3"], "use --seeds"),
        (["run", "--all", "--seeds", "3", "--until-decided", "--max-seeds", "3"], "leaves nothing to add"),
        (["run", "--all", "--study", ".hidden"], "plain folder name"),
    ],
)
def test_a_wrong_command_is_one_line_and_code_2_and_writes_nothing(tmp_path, words, message):
    out = [] if "--out" in words or words[0] in ("nonsense", "check", "probe") else ["--out", tmp_path / "out"]
    assert message in refused(*words, *out)
    assert list(tmp_path.iterdir()) == []
