"""The README names no command, option, strategy or file that is not there, and its snippets run."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from typer.testing import CliRunner

import datasets
import strategies
from bench.cli import app
from strategies import contract
from tests.tools.readme_tables import with_tables

from .generated import assert_generated

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def test_it_opens_with_exactly_two_commands():
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.M | re.S)
    assert len(blocks) == 2
    main, test = blocks
    assert "python -m bench run --all --seeds 3" in main
    assert "python -m bench report > HYBRID_LOSS_RESULTS.md" in main
    assert test.rstrip().endswith("python -m pytest")
    assert all(len(block.strip().splitlines()) == 1 for block in blocks)


def test_every_command_and_option_exists():
    commands = typer.main.get_command(app).commands
    below = {
        f"{name} {one}": sub for name, group in commands.items() for one, sub in getattr(group, "commands", {}).items()
    }
    options = {
        option
        for command in (*commands.values(), *below.values())
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named = set(re.findall(r"python -m bench (\w+)", README))
    assert named == set(commands)
    assert set(re.findall(r"python -m bench (data \w+)", README)) == set(below)
    assert {word for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)} <= options | {"--help"}


def test_its_tables_are_those_of_the_code():
    assert_generated(ROOT / "README.md", with_tables(README))


def test_every_strategy_and_data_set_is_described():
    text = README.replace("`two-stage-50`, `-70`, `-90`", "`two-stage-50`, `two-stage-70`, `two-stage-90`")
    for name in (*strategies.names(), *datasets.names()):
        assert f"`{name}`" in text, name


def test_the_snippets_run(tmp_path):
    import torch

    plugin, loss = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    path = tmp_path / "mine.py"
    path.write_text(plugin)
    try:
        strategies.load_plugin(str(path))
        assert contract.failures(strategies.build("late")) == {}
    finally:
        strategies.registry._registry.pop("late", None)
    pred = torch.rand(3, 4, 2, requires_grad=True)
    scope = {
        "pred_kpts": pred,
        "gt_kpts": torch.rand(3, 4, 2),
        "kpt_mask": torch.ones(3, 4),
        "area": torch.ones(3, 1),
        "epoch": 5,
    }
    exec(loss, scope)
    assert torch.isfinite(pred.grad).all()


def test_help_tells_the_defaults():
    shown = CliRunner().invoke(app, ["run", "--help"])
    assert shown.exit_code == 0
    assert "yolo11n-polygon.yaml" in shown.output
