"""What `--set` takes and refuses."""

from __future__ import annotations

import json

import pytest

from bench.clip_vertices import clips
from bench.errors import UserError
from bench.settings import DEFAULTS, QUICK, resolve


def test_overrides_win_over_quick_and_quick_over_defaults():
    assert resolve([]) == DEFAULTS
    assert resolve([], quick=True)["epochs"] == QUICK["epochs"]
    settings = resolve(["epochs=7", "lr0=0.01", "lr0=0.002", "cos_lr=True"], quick=True)
    assert (settings["epochs"], settings["lr0"], settings["cos_lr"]) == (7, 0.002, True)


def test_what_ultralytics_does_with_vertices_is_recorded_as_it_was_before_there_was_a_choice():
    assert resolve([])["clip_vertices"] is False
    as_before = resolve(["clip_vertices=true"])
    assert "clip_vertices" not in as_before
    assert (clips(resolve([])), clips(as_before)) == (False, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr0", "write key=value"),
        ("=3", "write key=value"),
        ("lr00=1", "did you mean lr0"),
        ("no_such_thing_at_all=1", "no such setting"),
        ("clip_vertices=3", "give true or false"),
        ("clip_vertces=true", "did you mean clip_vertices"),
        ("seed=3", "use --seeds"),
        ("data=x", "use --data"),
        ("device=0", "use --device"),
        ("project=x", "use --out"),
        ("patience=5", "last epoch"),
        ("epochs=0", "must be >= 1"),
        ("batch=-1", "whole number"),
        ("lr0=fast", "lr0"),
        ("imgsz={", "cannot be read"),
        ("epochs=2.0", "give a whole number"),
        ("epochs=1e2", "give a whole number"),
        ("epochs=true", "give a whole number"),
        ("epochs=", "give a whole number"),
        ("nbs=yes", "give a whole number"),
        ("lr0=true", "give a number"),
        ("batch=true", "give a number"),
        ("optimizer=foo", "there are Adam"),
        ("save_period=5", "use --snapshot-every"),
        ("exist_ok=True", "leave it out"),
        ("workers=0", "how many runs at a time"),
    ],
)
def test_a_wrong_override_is_one_clear_line(text, message):
    with pytest.raises(UserError) as caught:
        resolve([text])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("lr0=1e-3", 0.001),
        ("degrees=10", 10.0),
        ("lr0=.5e-2", 0.005),
        ("lr0=1E-3", 0.001),
        ("lr0=0.01", 0.01),
        ("weight_decay=5e-4", 5e-4),
    ],
)
def test_a_number_is_a_number_however_it_is_written(text, value):
    found = resolve([text])[text.partition("=")[0]]
    assert (found, type(found)) == (value, float)


@pytest.mark.parametrize(
    "text",
    ["mosaic=0", "warmup_bias_lr=0", "optimizer=adamw", "lr0=2e-3", "conf=.001", "batch=16"],
)
def test_a_default_that_is_said_in_another_spelling_is_the_default(text):
    """Its type too: a run's id is made of how it is written."""
    assert json.dumps(resolve([text]), sort_keys=True) == json.dumps(DEFAULTS, sort_keys=True)


def test_a_number_that_no_float_holds_is_one_clear_line():
    with pytest.raises(UserError, match="give a number that is not as large"):
        resolve([f"degrees=1{'0' * 400}"])
