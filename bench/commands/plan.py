"""`bench plan`."""

from __future__ import annotations

from bench.commands import options


def plan(
    all_: options.All = False,
    strategy: options.Strategies = None,
    seeds: options.Seeds = None,
    suite: options.SuiteName = None,
    data: options.Data = None,
    mgiou: options.Mgiou = options.Form.paper,
    vertices: options.Vertices = None,
    model: options.Model = "yolo11n-polygon.yaml",
    set_: options.Settings = None,
    precision: options.PrecisionName = options.Precision.auto,
    quick: options.Quick = False,
    aa: options.Aa = False,
    out: options.Out = options.RESULTS,
    study: options.NewStudy = None,
    fresh: options.Fresh = False,
    sharing: options.Sharing = True,
    device: options.Device = "auto",
    plugin: options.Plugins = None,
) -> None:
    """Show what `bench run` with the same words would train: which runs share which epochs, and what that saves."""
    from bench.commands.wanted import decided, wanted
    from bench.execution.fresh import to_repeat
    from bench.execution.hardware import resolve_device
    from bench.execution.left import left_to_do
    from bench.plan_text import plan_text

    folder = out / options.new_study(study, quick)
    asked = wanted(
        all_=all_, strategy=strategy, suite=suite, seeds=seeds, data=data, mgiou=mgiou, vertices=vertices,
        model=model, set_=set_, quick=quick, aa=aa, plugin=plugin,
    )  # fmt: skip
    runs = asked.runs(decided(precision, asked, folder, resolve_device(device))[0])
    repeat = to_repeat(folder, [run.id for run in runs]) if fresh else {}
    print(plan_text(left_to_do(folder, runs, sharing=sharing, repeat=repeat), len(runs)))
