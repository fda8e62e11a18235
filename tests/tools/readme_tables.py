"""The tables of the README that the code knows best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from bench.claims import CLAIMS
from bench.cli import app
from tests.tools.marks import with_block


def claims_table() -> str:
    """Return every claim: what people say, and how it was made testable."""
    rows = ["| claim | what is said | how it is tested |", "|---|---|---|"]
    rows += [f"| `{one.key}` | {_cell(one.text)} | {_cell(one.note or 'as it stands')} |" for one in CLAIMS]
    return "\n".join(rows)


def options_table() -> str:
    """Return every command with its arguments and options."""
    rows = ["| command | option | meaning |", "|---|---|---|"]
    for name, command in sorted(_commands(typer.main.get_command(app), "")):
        for parameter in command.params:
            if parameter.name == "help":
                continue
            rows.append(f"| `{name}` | {_cell(f'`{_words(parameter)}`')} | {_cell(parameter.help or '')} |")
    return "\n".join(rows)


def _words(parameter: Any) -> str:
    """Return a parameter as one types it."""
    value = parameter.metavar or parameter.name.strip("_").upper()
    if parameter.param_type_name == "argument":
        return value
    flags = "/".join([*parameter.opts, *parameter.secondary_opts])
    return flags if parameter.is_flag else f"{flags} {value}"


def _commands(group: typer.core.TyperGroup, prefix: str) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


TABLES = {"claims": claims_table, "options": options_table}


def with_tables(text: str) -> str:
    """Return the README with each table between its marks as the code has it now."""
    for name, table in TABLES.items():
        text = with_block(text, name, table())
    return text
