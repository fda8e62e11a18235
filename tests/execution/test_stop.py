"""Being told to stop by a signal, wherever else it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.loaded import ROOT

LOADING = """
import time
import torch
from bench.execution.stop import Stopped, StopSignal

class Slow(torch.utils.data.Dataset):
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        time.sleep(0.05)
        return index

stop = StopSignal()
stop.listen()
loader = torch.utils.data.DataLoader(Slow(), num_workers=2, multiprocessing_context="fork")
try:
    with stop.armed():
        for number, batch in enumerate(loader):
            if number == 3:
                print("loading", flush=True)
except Stopped:
    time.sleep(1)  # what the death of its loaders does comes later
    print("stopped", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes that load images are forked")
def test_a_signal_to_the_whole_group_is_a_stop_and_no_error_of_a_loader():
    words = [sys.executable, "-c", LOADING]
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout.readline() == "loading\n"
        os.killpg(process.pid, signal.SIGTERM)  # by another process than the one that has loaders, as a cluster does
        out, err = process.communicate(timeout=120)
    assert out == "stopped\n", err
    assert err == ""
