"""Every benchmark, one after the other: `python tests/benchmarks/run.py [name ...]`. Each prints a ratio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALL = ("stock_loop", "bare_step", "mgiou_speed", "evaluation", "growth", "ledger_overhead", "long_study")


def main() -> None:
    """Run those that are named, or all."""
    for name in sys.argv[1:] or ALL:
        if name not in ALL:
            sys.exit(f"no benchmark is named {name}; there are {', '.join(ALL)}")
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, HERE / f"{name}.py"], check=True, cwd=HERE.parent.parent)


if __name__ == "__main__":
    main()
