"""Every word of Ultralytics is obeyed or refused: none is taken and ignored."""

from __future__ import annotations

import pytest

from bench.commands.words import arm_of, read_words
from bench.detector.freezing import check_freeze
from bench.errors import UserError
from bench.settings import resolve
from bench.settings.words import OBEYED, refuse_idle, sift

MODEL = "yolo11n-polygon.yaml"


def another(value):
    """Return a value that says something else than a default."""
    return (not value) if isinstance(value, bool) else [0] if value is None else f"{value}x"


def test_a_word_is_obeyed_or_refused_wherever_it_is_said():
    from ultralytics.utils import DEFAULT_CFG_DICT

    assert set(DEFAULT_CFG_DICT) >= OBEYED
    idle = {key: value for key, value in DEFAULT_CFG_DICT.items() if key not in OBEYED}
    assert {"single_cls", "classes", "cfg", "copy_paste", "auto_augment", "compile", "overlap_mask"} <= set(idle)
    for key, value in idle.items():
        said = {key: another(value) if key not in ("plots", "verbose") else True}  # by default they are, here not
        for where in (lambda said: sift(said, prefix="--set "), sift):
            with pytest.raises(UserError, match=f"{key}=.*: not to be chosen here; ") as caught:
                where(said)
            assert "\n" not in str(caught.value)


def test_what_is_so_anyway_may_be_said_and_changes_nothing():
    words = (
        "plots=False val=True save=True single_cls=False rect=False deterministic=True cache=ram mode=train fraction=1 "
        "line_width=null opset=null"
    )
    assert read_words(words.split()) == ({}, {}, {})
    assert resolve(["plots=False", "single_cls=False", "copy_paste=0"]) == resolve([])


def test_a_word_that_something_else_rules_says_what():
    with pytest.raises(UserError, match="project=DIR name=NAME"):
        read_words(["save_dir=here"])


@pytest.mark.parametrize("word", ["single_cls=True", "classes=[0]", "plots=True", "max_det=300"])
def test_the_same_words_are_refused_by_train_and_by_set(word):
    for said in (lambda: read_words([word]), lambda: resolve([word])):
        with pytest.raises(UserError, match="not to be chosen here"):
            said()


def test_words_in_a_file_come_after_those_that_are_said(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("epochs: 5\nlr0: 1e-3\nsave_dir: /there\nresume: null\nstrategy: l2\nmgiou: centred\n")
    assert read_words([f"cfg={path}", "epochs=7"]) == (
        {"strategy": "l2", "mgiou": "centred"}, {}, {"epochs": 7, "lr0": 0.001},
    )  # fmt: skip
    assert read_words([f"cfg={path}", "use_hybrid_loss=True"]).loss == {"use_hybrid_loss": True}
    assert read_words(["cfg=null", "epochs=7"]).settings == {"epochs": 7}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"a: [", "is not YAML"),
        (b"\xff\xfe", "is not YAML"),
        (b"epochs", "holds no words"),
        (b"1: 2", "holds no words"),
        (b"epoch: 3", "epoch=3: no such setting; did you mean epochs"),
        (b"epochs: 5.0", "words.yaml: epochs=5.0: give a whole number"),
        (b"lr0: fast", "lr0=fast"),
        (b"classes: [0]", "not to be chosen here"),
    ],
)
def test_a_file_of_words_that_makes_no_sense_is_one_line(tmp_path, content, message):
    path = tmp_path / "words.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_words([f"cfg={path}"])
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="not to be chosen here; give its words"):
        resolve([f"cfg={path}"])


def test_values_are_what_ultralytics_understands():
    found = read_words(["epochs=5", "seed=3", "vertices=4", "lr0=1e-3"])
    assert (found.settings["epochs"], found.place) == (5, {"seed": 3, "vertices": 4})
    assert found.settings["lr0"] == 0.001


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("imgsz=[64,64]", "whole number of pixels"),
        ("imgsz=16", "at least 32"),
        ("batch=-1", "whole number"),
        ("batch=0.5", "whole number"),
        ("optimizer=foo", "there are Adam, .*, SGD, MuSGD, auto"),
        ("momentum=1.0", "less than 1"),
        ("workers=-1", "0 or more"),
        ("seed=4294967296", "less than 2"),
        ("seed=abc", "whole number"),
        ("epochs=5.0", "whole number"),
        ("seed=-1", "must be >= 0"),
    ],
)
def test_a_value_that_training_would_stumble_over_is_one_line(word, message):
    with pytest.raises(UserError, match=message) as caught:
        read_words([word])
    assert "\n" not in str(caught.value)


def test_every_optimizer_that_is_offered_can_be_built(job, tmp_path):
    from bench.detector.trainer import PolygonTrainer
    from bench.settings.words import _OPTIMIZERS

    trainer = PolygonTrainer(job("l2"), tmp_path, lambda rows: None)
    trainer.setup_model()
    for name in _OPTIMIZERS:
        assert trainer.build_optimizer(trainer.model, name=name.lower()).param_groups


@pytest.mark.parametrize("freeze", [None, 0, 10, 23, [0, 22], ["23.cv2"], [1, "9"]])
def test_layers_that_there_are_can_be_frozen(freeze):
    check_freeze(freeze, MODEL)


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (24, "24 layers, and one must be trained"),
        (-1, "one must be trained"),
        (99, "one must be trained"),
        (True, "give a number"),
        ("abc", "give a number"),
        (2.5, "give a number"),
        ([99], "no layer 99"),
        ([-1], "no layer -1"),
        (["23.cv9"], "no layer 23.cv9"),
        (list(range(24)), "nothing of .* is left to train"),
    ],
)
def test_layers_that_there_are_not_are_refused(freeze, message):
    with pytest.raises(UserError, match=f"freeze=.*{message}"):
        check_freeze(freeze, MODEL)


@pytest.mark.parametrize("word", ["lr0=0", "momentum=0.1", "warmup_bias_lr=0", "warmup_momentum=0.5"])
def test_what_the_optimiser_chooses_itself_is_refused(word):
    said = read_words([word]).settings
    with pytest.raises(UserError, match=f"^{word.split('=')[0]}=.*: optimizer=auto chooses it; say which one"):
        refuse_idle(said, "auto")
    with pytest.raises(UserError, match=r"^--set .* chooses it"):
        resolve([word, "optimizer=auto"])
    refuse_idle(said, "SGD")


def test_adam_has_no_momentum_to_warm_up():
    with pytest.raises(UserError, match="optimizer=AdamW has none; leave it out"):
        resolve(["warmup_momentum=0.5"])
    assert resolve(["lr0=0.1", "momentum=0.8"])["lr0"] == 0.1
    refuse_idle(read_words(["lr0=0.01", "warmup_momentum=0.8"]).settings, "auto")  # as Ultralytics has it anyway


@pytest.mark.parametrize("name", ["007", "no", "12:30:00", "1_000", "off", "my data #2", "@set", "a: b", "[x"])
def test_names_and_paths_are_taken_to_the_letter(name):
    said = read_words([f"{key}={name}" for key in ("name", "project", "data")]).place
    assert said == {"name": name, "project": name, "data": name}


def test_what_is_so_anyway_may_be_said_of_names_and_devices():
    words = ["resume=False", "save_dir=null", "project=null", "name=None", "device=", "pretrained=True"]
    assert read_words(words).place == {"project": None, "name": None, "device": None, "pretrained": True}
    assert read_words(["device=0"]).place == {"device": "0"}


def test_one_word_beside_a_file_changes_that_word_alone(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("strategy: two-stage-70\nmgiou: paper\n")
    arm = arm_of(read_words([f"cfg={path}", "mgiou=centred"]).loss)
    assert (arm.strategy.label, arm.form) == ("two-stage-70", "centred")
    path.write_text("use_hybrid_loss: true\nalpha_schedule: linear\n")
    arm = arm_of(read_words([f"cfg={path}", "alpha_end=0.3"]).loss)
    assert (arm.strategy.schedule, arm.strategy.end) == ("linear", 0.3)
    assert arm_of(read_words([f"cfg={path}", "strategy=cosine"]).loss).strategy.label == "cosine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mgiou=centred"], "l2 gives MGIoU no weight"),
        (["strategy=l2", "mgiou=paper"], "l2 gives MGIoU no weight"),
        (["strategy=mgiou", "mgiou=centred"], "mgiou is in form paper"),
    ],
)
def test_a_form_that_a_strategy_has_not_is_refused(words, message):
    with pytest.raises(UserError, match=message):
        arm_of(read_words(words).loss)
