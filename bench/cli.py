"""The command line: `python -m bench run | report | list | check | probe`."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from bench.errors import UserError

app = typer.Typer(
    help="Compare strategies for mixing an L2 and an MGIoU polygon loss on Ultralytics YOLO.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Typer carries click or a copy of it, by version; this is the one its errors derive from.
_ClickException = next(cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException")

RESULTS = Path("results")
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go: one folder a study, one a run.")]


class Form(str, Enum):
    """Choices of `--mgiou`."""

    paper = "paper"
    centred = "centred"
    both = "both"


class Wandb(str, Enum):
    """Choices of `--wandb`."""

    auto = "auto"
    online = "online"
    offline = "offline"
    off = "off"


class Format(str, Enum):
    """Choices of `--format`."""

    md = "md"
    json = "json"
    latex = "latex"
    csv = "csv"


@app.command()
def run(
    all_: Annotated[bool, typer.Option("--all", help="Every registered strategy.")] = False,
    strategy: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="NAME[KEY=VALUE,..]",
            help="A strategy, with parameters in brackets; a list spans a grid: 'static[alpha=[0.1,0.5]]'. Repeatable.",
        ),
    ] = None,
    seeds: Annotated[
        Optional[int], typer.Option(min=1, help="Number of seeds, 0 to N-1.  [default: 3, with --quick 1]")
    ] = None,
    data: Annotated[
        str, typer.Option(metavar="NAME|DIR", help="A registered data set, or a COCO folder.")
    ] = "documents",
    mgiou: Annotated[Form, typer.Option(help="The MGIoU form that the mixes use.")] = Form.paper,
    vertices: Annotated[
        Optional[int], typer.Option(metavar="V", help="Vertices to predict, 3 to 16.  [default: what suits the data]")
    ] = None,
    model: Annotated[str, typer.Option(help="Family and scale: yolo11n, yolov8s, ...")] = "yolo11n-polygon.yaml",
    set_: Annotated[
        Optional[list[str]],
        typer.Option("--set", metavar="KEY=VALUE", help="An Ultralytics training setting. Repeatable."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look: few epochs, one seed. Its figures mean nothing.")
    ] = False,
    val_every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Measure AP every N epochs, and at the last.")
    ] = 10,
    out: Out = RESULTS,
    study: Annotated[
        Optional[str], typer.Option(metavar="NAME", help="The study's name.  [default: main, with --quick quick]")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Repeat runs that are done.")] = False,
    workers: Annotated[
        Optional[int], typer.Option(min=1, metavar="N", help="Runs at a time.  [default: one a core, or one a GPU]")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, or the number of a GPU.")] = "auto",
    wandb: Annotated[
        Wandb, typer.Option(help="auto: online when a key is configured, else offline files.")
    ] = Wandb.auto,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard event files too.")] = False,
    plugin: Annotated[
        Optional[list[str]], typer.Option(metavar="FILE.py|MODULE", help="Registers your own strategies. Repeatable.")
    ] = None,
) -> None:
    """Train and score strategies. Runs that are done are skipped, so the same command finishes what is left."""
    import datasets
    import strategies
    from bench.execution.hardware import resolve_device, share_out
    from bench.execution.session import Options, carry_out_study
    from bench.settings import resolve
    from bench.study import FORMS, plan
    from bench.tracking import TrackingConfig

    for source in plugin or []:
        strategies.load_plugin(source)
    settings = resolve(set_ or [], quick)
    chosen = _strategies(all_, strategy or [])
    name = _study_name(study or ("quick" if quick else "main"))
    used_device = resolve_device(device)
    from bench.detector.model import model_config

    model_config(model, 4)  # a wrong name is told before any data are made
    loaded = datasets.load(data)
    for note in loaded.notes:
        _say(f"{loaded.name}: {note}")
    runs = plan(
        strategies=chosen,
        forms=FORMS if mgiou is Form.both else (mgiou.value,),
        seeds=range(seeds or (1 if quick else 3)),
        data=loaded,
        vertices=vertices,
        model=model,
        settings=settings,
    )
    used_workers, threads = share_out(used_device, workers, len(runs))
    folder = out / name
    _writable(folder)
    ended = carry_out_study(
        runs,
        Options(
            folder=folder,
            study=name,
            source=data,
            device=used_device,
            workers=used_workers,
            threads=threads,
            val_every=val_every,
            plugins=tuple(plugin or ()),
            tracking=TrackingConfig(wandb=wandb.value, tensorboard=tensorboard, folder=folder),
            fresh=fresh,
        ),
    )
    told = ", ".join(f"{number} {status}" for status, number in ended.items())
    _say(f"{told}; records in {folder}; the table: python -m bench report{_report_words(out, name)}")
    if ended["interrupted"] or ended["planned"]:
        raise SystemExit(130)
    if ended["done"] < len(runs):
        raise SystemExit(1)


@app.command()
def report(
    study: Annotated[
        Optional[str], typer.Argument(help="The study's name.  [default: main, or the only one there is]")
    ] = None,
    out: Out = RESULTS,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.md,
) -> None:
    """Write the comparison of a study to stdout. It reads records alone."""
    from bench.records import load_study
    from bench.report import build, render

    folder = _find_study(out, study)
    records = load_study(folder)
    if not records:
        raise UserError(f"{folder} holds no run; start some: python -m bench run --all --study {folder.name}")
    sys.stdout.write(render(build(records), format_.value))


@app.command("list")
def list_(
    plugin: Annotated[
        Optional[list[str]], typer.Option(metavar="FILE.py|MODULE", help="Registers your own strategies. Repeatable.")
    ] = None,
) -> None:
    """Show the strategies with their parameters, and the data sets."""
    import inspect

    from tabulate import tabulate

    import datasets
    import strategies

    for source in plugin or []:
        strategies.load_plugin(source)
    rows = []
    for name in strategies.names():
        one = strategies.build(name)
        parameters = ", ".join(f"{key}={_plain(value)}" for key, value in one.parameters().items())
        rows.append((name, parameters or "-", (inspect.getdoc(type(one)) or "").partition("\n")[0]))
    print(tabulate(rows, headers=("strategy", "parameters and defaults", "what it does"), disable_numparse=True))
    print(f"\ndata sets: {', '.join(datasets.names())}, or the path of a COCO folder")


@app.command()
def check(
    source: Annotated[
        Optional[list[str]],
        typer.Argument(metavar="[FILE.py|MODULE]...", help="Registers your strategies.  [default: all there are]"),
    ] = None,
) -> None:
    """Check that strategies keep the contract: what a run, a fork or a resume relies on."""
    import strategies
    from strategies import contract

    known = strategies.names() if source else []
    for one in source or []:
        strategies.load_plugin(one)
    chosen = [name for name in strategies.names() if name not in known]
    if not chosen:
        raise UserError(f"{' '.join(source or [])} registers no strategy; see python -m bench list for what there is")
    broken = 0
    for name in chosen:
        failures = contract.failures(strategies.build(name))
        broken += bool(failures)
        print(
            f"{name}: "
            + ("keeps the contract" if not failures else f"breaks {len(failures)} of {len(contract.CHECKS)}")
        )
        for failed, why in failures.items():
            print(f"  {failed}: {why}")
    if broken:
        raise SystemExit(1)


@app.command()
def probe(
    area: Annotated[float, typer.Option(metavar="SHARE", help="The target's share of the image.")] = 0.62,
    tilt: Annotated[float, typer.Option(metavar="RADIANS", help="The target's rotation.")] = 0.2,
    vertices: Annotated[int, typer.Option(metavar="V", help="Vertices, 4 to 16.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Of the random pairs.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
    plot: Annotated[Optional[Path], typer.Option(metavar="FILE.png", help="Draw it too.")] = None,
) -> None:
    """Measure the losses and their gradients at the full-image box, on the way to the target, and far outside."""
    import json

    from rich.console import Console

    from bench import landscape

    found = landscape.probe(area=area, tilt=tilt, vertices=vertices, seed=seed)
    if plot is not None:
        found.plot(plot)
        _say(f"drawn: {plot}")
    if json_:
        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    console = Console()
    for table in found.tables():
        console.print(_rich_table(table), "")


def _rich_table(table: Any) -> Any:
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=table.title, title_justify="left", show_edge=False, pad_edge=False)
    for header in table.headers:
        drawn.add_column(Text(str(header)))
    for row in table.rows:
        drawn.add_row(*(Text(_plain(cell)) for cell in row))
    return drawn


def main() -> None:
    """Run the command line. A user's error is one line on stderr and exit code 2, never a traceback."""
    import datasets
    import strategies

    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except typer.Abort:
        raise SystemExit(130) from None
    except _ClickException as error:
        message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
        _fail(f"{message} (python -m bench --help shows the options)")
    except (UserError, strategies.StrategyError, datasets.DataError) as error:
        _fail(str(error))
    except BrokenPipeError:  # `bench report | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _strategies(all_: bool, texts: list[str]) -> list[Any]:
    import strategies

    if not all_ and not texts:
        raise UserError("nothing to run; give --all or --strategy NAME (python -m bench list shows them)")
    chosen = [strategies.build(name) for name in strategies.names()] if all_ else []
    return chosen + [one for text in texts for one in strategies.parse(text)]


def _study_name(name: str) -> str:
    if not name or name != Path(name).name or name.startswith("."):
        raise UserError(f"--study {name}: give a plain folder name; --out says where it goes")
    return name


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out: cannot create {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise UserError(f"--out: {folder} cannot be written to; choose another with --out DIR")


def _find_study(out: Path, study: str | None) -> Path:
    if study is not None:
        folder = out / _study_name(study)
        if not folder.is_dir():
            raise UserError(f"{out} has no study {study!r}; it has: {', '.join(_studies(out)) or 'none'}")
        return folder
    found = _studies(out)
    if "main" in found or len(found) == 1:
        return out / ("main" if "main" in found else found[0])
    if not found:
        raise UserError(f"{out} holds no study yet; start one: python -m bench run --all")
    raise UserError(f"{out} holds several studies; say which: python -m bench report {'|'.join(found)}")


def _studies(out: Path) -> list[str]:
    return sorted({path.parent.parent.name for path in out.glob("*/*/run.json")})


def _report_words(out: Path, study: str) -> str:
    return (f" {study}" if study != "main" else "") + (f" --out {out}" if out != RESULTS else "")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr)


def _fail(text: str) -> None:
    _say(text)
    raise SystemExit(2)
