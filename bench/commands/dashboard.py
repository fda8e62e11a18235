"""`bench dashboard`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bench.commands import options


def dashboard(
    study: options.Study = None,
    out: options.Out = options.RESULTS,
    json_: Annotated[
        bool, typer.Option("--json", help="Write the definitions to stdout, as W&B takes them, and nothing elsewhere.")
    ] = False,
) -> None:
    """Save a study's workspace and report in W&B; without a key, or offline, say what would be saved."""
    from bench.report import load_report, render
    from bench.tracking import dashboard as wandb_side
    from bench.tracking.panels import outline

    folder = options.find_study(out, study)
    name, project = folder.resolve().name, wandb_side.project(folder)
    online = wandb_side.is_online() and not json_
    entity = wandb_side.entity() if online else os.environ.get("WANDB_ENTITY", "your-entity")
    definitions = wandb_side.define(entity, project, name, render(load_report(folder), "md"))
    if json_:
        sys.stdout.write(definitions.to_json())
    elif online:
        for address in wandb_side.save(definitions, folder):
            options.say(f"saved: {address}")
    else:
        options.say("W&B is offline here or has no key (wandb login): nothing is saved; online, this would be:")
        print(
            f"workspace {name!r} in project {project}, runs with study = {name}, grouped by strategy, form and data set"
        )
        outline(print)
        print(f"report {definitions.report.title!r}: python -m bench report {name}, then the same sections")
