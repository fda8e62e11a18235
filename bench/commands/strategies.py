"""`bench list` and `bench check`: the strategies there are, and whether one keeps the contract."""

from __future__ import annotations

import inspect
from typing import Annotated, Optional

import typer

from bench.commands import options
from bench.errors import UserError


def list_(plugin: options.Plugins = None) -> None:
    """Show the strategies with their parameters, and the data sets."""
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
            parameters = ", ".join(f"{key}={options.plain(value)}" for key, value in told.items())
            rows.append((name, parameters or "-", (inspect.getdoc(type(one)) or "").partition("\n")[0]))
        headers = (heading, "parameters and defaults", "what it does")
        print(tabulate(rows, headers=headers, disable_numparse=True), end="\n\n")
    own = datasets.imported_names()
    print(f"data sets: {', '.join(datasets.names())}, or the path of your own (COCO, YOLO, DOTA, labelme)")
    print(f"imported: {', '.join(own) or 'none'}; python -m bench data import SOURCE --as NAME adds one")


def check(
    source: Annotated[
        Optional[list[str]],
        typer.Argument(metavar="[FILE.py|MODULE]...", help="Registers your strategies.  [default: all there are]"),
    ] = None,
) -> None:
    """Check that strategies keep the contract: what a run, a fork or a resume relies on."""
    import strategies
    from strategies import contract

    chosen = [] if source else strategies.names()
    for one in source or []:
        found = strategies.load_plugin(one)
        if not found:
            raise UserError(f"{one} registers no strategy; see python -m bench list for what there is")
        chosen += [name for name in found if name not in chosen]
    broken = 0
    for name in chosen:
        failures = contract.failures(strategies.build(name))
        broken += bool(failures)
        verdict = f"breaks {len(failures)} of {len(contract.CHECKS)}" if failures else "keeps the contract"
        print(f"{name}: {verdict}")
        for failed, why in failures.items():
            print(f"  {failed}: {why}")
    if broken:
        raise SystemExit(1)
