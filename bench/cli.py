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


class Suite(str, Enum):
    """Choices of `--suite`."""

    core = "core"
    claims = "claims"


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
    suite: Annotated[
        Optional[Suite], typer.Option(help="core: the same as --all. claims: whatever `bench claims` judges needs.")
    ] = None,
    data: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="NAME|DIR", help="A registered data set, or a COCO folder. Repeatable.  [default: documents]"
        ),
    ] = None,
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
    until_decided: Annotated[
        bool, typer.Option("--until-decided", help="Add seeds, a pair at a time, to what is still UNDECIDED.")
    ] = False,
    max_seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Where --until-decided ends.")] = 10,
    controls: Annotated[
        bool, typer.Option("--controls", help="For strategies whose weights vary: just that mix, shuffled, replayed.")
    ] = False,
    aa: Annotated[
        bool, typer.Option("--aa", help="Run the reference once more at every seed: the noise of the machine itself.")
    ] = False,
    val_every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Measure AP every N epochs, and at the last.")
    ] = 10,
    snapshot_every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Write a snapshot every N epochs; a killed run goes on from it.")
    ] = 10,
    out: Out = RESULTS,
    study: Annotated[
        Optional[str], typer.Option(metavar="NAME", help="The study's name.  [default: main, with --quick quick]")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Repeat runs that are done.")] = False,
    sharing: Annotated[
        bool, typer.Option("--sharing/--no-sharing", help="Train once what several runs have in common.")
    ] = True,
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
    from bench.follow_up import FollowUp
    from bench.settings import resolve
    from bench.study import FORMS, plan, replicates
    from bench.tracking import TrackingConfig, log_study

    for source in plugin or []:
        strategies.load_plugin(source)
    settings = resolve(set_ or [], quick)
    arms = _arms(all_, suite, strategy or [], FORMS if mgiou is Form.both else (mgiou.value,))
    first_seeds = seeds or (1 if quick else 3)
    if until_decided and max_seeds <= first_seeds:
        raise UserError(f"--max-seeds {max_seeds}: leaves nothing to add to {first_seeds} seeds")
    name = _study_name(study or ("quick" if quick else "main"))
    used_device = resolve_device(device)
    from bench.detector.model import model_config

    model_config(model, 4)  # a wrong name is told before any data are made
    sources = {}
    runs = []
    for source in dict.fromkeys(data or ["documents"]):
        loaded = datasets.load(source)
        sources[loaded.fingerprint] = source
        for note in loaded.notes:
            _say(f"{loaded.name}: {note}")
        runs += plan(arms, range(first_seeds), loaded, vertices, model, settings)
    if aa:
        runs += replicates(runs)
    used_workers, threads = share_out(used_device, workers, len(runs))
    folder = out / name
    _writable(folder)
    _declare(folder, suite, all_, (first_seeds, max_seeds) if until_decided else None)
    tracking = TrackingConfig(wandb=wandb.value, tensorboard=tensorboard, folder=folder)
    runs, ended = carry_out_study(
        runs,
        Options(
            folder=folder,
            study=name,
            sources=sources,
            device=used_device,
            workers=used_workers,
            threads=threads,
            val_every=val_every,
            snapshot_every=snapshot_every,
            plugins=tuple(plugin or ()),
            tracking=tracking,
            fresh=fresh,
            sharing=sharing,
        ),
        FollowUp(folder, controls, max_seeds if until_decided else None),
    )
    from bench.report import load_report
    from bench.report.machine import frame

    log_study(tracking, name, frame(load_report(folder).comparisons))
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
    figures: Annotated[Optional[Path], typer.Option(metavar="DIR", help="Draw the report's figures there too.")] = None,
    data: Annotated[
        Optional[list[str]], typer.Option(metavar="DIR", help="COCO folders of the study, for the gallery. Repeatable.")
    ] = None,
) -> None:
    """Write the comparison of a study to stdout. It reads records alone."""
    from bench.report import load_report, render

    folder = _find_study(out, study)
    found = load_report(folder)
    if figures is not None:
        _draw(folder, found, figures, data or [])
    sys.stdout.write(render(found, format_.value))


@app.command()
def claims(
    study: Annotated[
        Optional[str], typer.Argument(help="The study's name.  [default: main, or the only one there is]")
    ] = None,
    out: Out = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Write every figure as JSON.")] = False,
) -> None:
    """Judge the declared claims by a study's records: SUPPORTED, REFUTED, UNDECIDED or NOT RUN, with the evidence."""
    from bench.claims.show import to_json, to_text
    from bench.report import load_report

    found = load_report(_find_study(out, study))
    sys.stdout.write(to_json(found.comparisons) if json_ else to_text(found.comparisons))


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
    core = strategies.names(core=True)
    special = [name for name in strategies.names() if name not in core]
    for heading, chosen in (("strategy", core), ("not in --all", special)):
        rows = []
        for name in chosen:
            one = strategies.build(name)
            told = {key: value for key, value in one.parameters().items() if key not in one.drawn}
            parameters = ", ".join(f"{key}={_plain(value)}" for key, value in told.items())
            rows.append((name, parameters or "-", (inspect.getdoc(type(one)) or "").partition("\n")[0]))
        headers = (heading, "parameters and defaults", "what it does")
        print(tabulate(rows, headers=headers, disable_numparse=True), end="\n\n")
    print(f"data sets: {', '.join(datasets.names())}, or the path of a COCO folder")


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


def _arms(all_: bool, suite: Suite | None, texts: list[str], forms: tuple[str, ...]) -> list[Any]:
    import strategies
    from bench.study import arms_of
    from bench.suites import arms_of_suite

    if not all_ and not suite and not texts:
        raise UserError("nothing to run; give --all, --suite or --strategy NAME (python -m bench list shows them)")
    chosen = arms_of_suite("core", forms) if all_ else []
    if suite:
        chosen += arms_of_suite(suite.value, forms)
    return chosen + arms_of([one for text in texts for one in strategies.parse(text)], forms)


def _declare(folder: Path, suite: Suite | None, all_: bool, looks: tuple[int, int] | None) -> None:
    """Write what the study is set up to do, before its first run."""
    from bench.claims import CLAIMS, fingerprint
    from bench.landscape import probe
    from bench.manifest import Manifest, read_manifest, write_manifest

    known = read_manifest(folder)
    named = suite.value if suite else "core" if all_ else None
    wanted = Manifest(named, fingerprint(CLAIMS), looks)
    manifest = known.widened(wanted) if known else wanted
    if manifest.landscape is None:
        manifest = manifest.widened(Manifest(None, manifest.claims, None, probe().to_dict()))
    if manifest != known:
        write_manifest(folder, manifest)


def _draw(folder: Path, found: Any, into: Path, sources: list[str]) -> None:
    """Draw figures; the gallery only where the data are still those that were trained on."""
    import datasets
    from bench.report.figures import draw

    def images(comparison: Any) -> Any:
        wanted = comparison.condition["data"]
        for source in (*sources, wanted["name"]):
            try:
                loaded = datasets.load(source)
            except datasets.DataError:
                continue
            if loaded.fingerprint == wanted["fingerprint"]:
                return loaded
        _say(f"{wanted['name']}: the data are not here as they were; no gallery is drawn")
        return None

    _writable(into)
    for figure in draw(folder, found, into, images):
        _say(f"drawn: {figure.path}")


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
