"""The command line: `python -m bench COMMAND`."""

from __future__ import annotations

import sys

import typer

import bench.own_packages  # noqa: F401  # before what imports them
from bench import sigterm, streams
from bench.commands.dashboard import dashboard
from bench.commands.data import data
from bench.commands.export import export
from bench.commands.options import say
from bench.commands.plan import plan
from bench.commands.predict import predict
from bench.commands.probe import probe
from bench.commands.recommend import recommend
from bench.commands.report import claims, report
from bench.commands.run import run
from bench.commands.status import status
from bench.commands.strategies import check, list_
from bench.commands.tensorboard import tensorboard
from bench.commands.train import train
from bench.commands.val import val
from bench.commands.watch import watch
from bench.errors import UserError

app = typer.Typer(
    help="Compare strategies for mixing an L2 and an MGIoU polygon loss on Ultralytics YOLO.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    run, plan, status, report, watch, claims, list_, check, probe,
    train, val, predict, export, recommend, tensorboard, dashboard,
):  # fmt: skip
    app.command(_command.__name__.rstrip("_"))(_command)
app.add_typer(data, name="data")

# Typer carries click or a copy of it, by version; this is the one its errors derive from.
_ClickException = next(cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException")


def main() -> None:
    """Run the command line. A user's error is one line on stderr and exit code 2, never a traceback.

    So is Ctrl-C, or SIGTERM, with exit code 130, and a stdout that cannot be written to. One that is no longer read is
    no error.
    """
    streams.make_ready()
    with sigterm.as_ctrl_c() as came:
        try:
            _main()
        except ImportError as error:
            if ".so" not in str(error):
                raise
            _fail(f"{error}; on Debian or Ubuntu, apt-get install libgl1 libglib2.0-0 brings what OpenCV needs")
        except (KeyboardInterrupt, typer.Abort):
            say(f"stopped by {sigterm.NAME if came else 'Ctrl-C'}")
            raise SystemExit(130) from None


def _main() -> None:
    import datasets
    import strategies

    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        if code == 130:  # what Typer makes of a KeyboardInterrupt; a command that has said so itself exits
            raise KeyboardInterrupt
        sys.stdout.flush()
    except _ClickException as error:
        message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
        _fail(f"{message} (python -m bench --help shows the options)")
    except (UserError, strategies.StrategyError, datasets.DataError) as error:
        _fail(str(error))
    except streams.Unwritten as error:
        streams.silence()
        if error.unread:  # `bench report | head`
            raise SystemExit(0) from None
        _fail(f"stdout cannot be written to: {error}")
    raise SystemExit(code if isinstance(code, int) else 0)


def _fail(text: str) -> None:
    say(text)
    raise SystemExit(2)
