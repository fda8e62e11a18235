"""TensorBoard's own server, in this process."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path

from bench.errors import UserError

with warnings.catch_warnings():  # what it has copied of another library calls itself deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from tensorboard import default, program

HOST = "127.0.0.1"


def serve(events: Path, port: int | None, say: Callable[[str], None]) -> None:
    """Serve event files to this machine's browsers, until Ctrl-C.

    Args:
        events: the folder of the runs' folders.
        port: to listen on; 0 for any free one, None for TensorBoard's own or the next free one.
        say: is told the address.

    Raises:
        UserError: the port is taken.
    """
    address = launch(events, port)
    say(f"TensorBoard shows {events} at {address}; Ctrl-C ends it")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("TensorBoard has ended")


def launch(events: Path, port: int | None) -> str:
    """Start the server beside this thread; it ends with the process. Return its address.

    Raises:
        UserError: the port is taken.
    """
    server = program.TensorBoard(default.get_plugins())
    words = ["--logdir", str(events), "--host", HOST, *(["--port", str(port)] if port is not None else [])]
    server.configure(["tensorboard", *words])
    try:
        return server.launch()
    except program.TensorBoardServerException as error:
        raise UserError(f"--port: {' '.join(str(error).split())}; choose another, or leave --port out") from None
