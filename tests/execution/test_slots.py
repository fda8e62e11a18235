"""How many runs share a GPU; measured on the CPU too, where the same processes take the same steps."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import signal
from types import SimpleNamespace

import pytest

from bench.commands.workers import ToTrain, in_words, workers_of
from bench.cores import cores
from bench.errors import UserError
from bench.execution import slots
from bench.execution.slots import Throughput, chosen, measure
from bench.settings import DEFAULTS
from tests.devices import DEVICE

MODEL = "yolo11n-polygon.yaml"


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([], 1),
        ([100], 1),
        ([100, 190, 260], 4),
        ([100, 190, 195], 2),  # four do hardly more
        ([100, 90], 1),
        ([100, 190, 150], 2),
    ],
)
def test_the_fewest_that_do_nearly_as_much_as_the_most(rates, expected):
    assert chosen([Throughput(2**power, rate, 0.1) for power, rate in enumerate(rates)]) == expected


@pytest.fixture
def made_up(monkeypatch):
    """Return what measures processes that are not there: by their number a rate and a share of the memory."""

    def measured(rates, memory, most=64, images=math.inf):
        class Stepper:
            def __enter__(self):
                return self

            def __exit__(self, *error):
                pass

        def together(steppers, seconds):
            count = len(steppers)
            if count not in rates:
                raise EOFError
            return Throughput(count, rates[count], count * memory)

        clock = itertools.count(step=10)  # a round takes ten seconds
        monkeypatch.setattr(slots, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
        monkeypatch.setattr(slots, "_stepper", lambda *words: Stepper())
        monkeypatch.setattr(slots, "_together", together)
        return [one.processes for one in measure(MODEL, DEFAULTS, "0", 1, most, images=images)]

    return measured


def test_measuring_ends_where_more_gains_nothing_or_does_not_fit(made_up):
    rising = {1: 100, 2: 190, 4: 300, 8: 480, 16: 700}
    assert made_up(rising, 0.01) == [1, 2, 4, 8, 16]  # the process that would be the 17th died
    assert made_up(rising, 0.01, most=6) == [1, 2, 4]
    assert made_up({**rising, 4: 200}, 0.01) == [1, 2, 4]
    assert made_up(rising, 0.2) == [1, 2, 4]  # eight would take 160 %
    assert made_up({}, 0.01) == []


def test_measuring_ends_where_there_is_too_little_to_train_to_gain_from_it(made_up):
    rising = {1: 100, 2: 200, 4: 400}
    assert made_up(rising, 0.01, images=1999) == [1]  # another takes ten seconds, and saves at most half of twenty
    assert made_up(rising, 0.01, images=2000) == [1, 2]
    assert made_up(rising, 0.01, images=4000) == [1, 2, 4]


def test_real_processes_take_real_steps_side_by_side():
    settings = {**DEFAULTS, "imgsz": 32, "batch": 2}
    readings = measure(MODEL, settings, DEVICE, threads=1, most=2, seconds=0.5)
    assert [one.processes for one in readings] == [1, 2]
    assert all(one.images_per_s > 0 for one in readings)
    assert multiprocessing.active_children() == []


def test_ctrl_c_is_the_parents_to_hear():
    with slots._stepper(MODEL, {**DEFAULTS, "imgsz": 32, "batch": 2}, DEVICE, 1) as stepper:
        (process,) = multiprocessing.active_children()
        stepper.send("ready?")
        assert stepper.recv() == "ready"
        os.kill(process.pid, signal.SIGINT)
        stepper.send(0.01)
        assert stepper.recv()[0] > 0


def test_a_process_that_dies_ends_it(monkeypatch):
    assert measure("no-such-model.yaml", DEFAULTS, DEVICE, threads=1, most=2, seconds=0.1) == []
    assert multiprocessing.active_children() == []


def test_who_says_how_many(monkeypatch):
    def count(device="0", workers=None, per_gpu="auto", runs=10):
        return workers_of(device, workers, per_gpu, MODEL)(lambda: ToTrain(runs, 1000 * runs), DEFAULTS)

    assert count("cpu") == cores()
    assert count(workers=3) == count(per_gpu="3") == 3
    monkeypatch.setattr("bench.commands.workers.cores", lambda: 8)
    asked = []

    def fake(model, settings, device, threads, most, images):
        asked.append((device, most, images))
        return [Throughput(1, 100.0, 0.1), Throughput(2, 150.0, 0.2)]

    monkeypatch.setattr("bench.commands.workers.measure", fake)
    assert count() == 2
    assert count(runs=5) == 2
    assert count(runs=1) == count(runs=0) == 1  # nothing to measure for
    assert asked == [("0", 8, 10_000), ("0", 5, 5000)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_gpu": "many"}, "give a number"),
        ({"per_gpu": "0"}, "give a number"),
        ({"per_gpu": "2", "workers": 3}, "give one"),
        ({"per_gpu": "2", "device": "cpu"}, "--workers 2"),
    ],
)
def test_what_cannot_be_said(options, message):
    words = {"device": "0", "workers": None, "per_gpu": "auto", **options}
    with pytest.raises(UserError, match=message):
        workers_of(words["device"], words["workers"], words["per_gpu"], MODEL)


def test_readings_in_words():
    assert in_words([Throughput(2, 1234.4, 0.05)]) == "2 at a time 1234 images/s in 5% of the memory"
