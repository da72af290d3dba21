"""`python -m benchmarks [NAME ...]`: measure, print one table, keep it as build/benchmarks.json."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benchmarks.table import Row, save, show

SUBJECTS = ("sessions", "wire", "transactions", "scale", "ansible_cost", "http_requests", "xmpp", "stun")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subject", nargs="*", choices=[*SUBJECTS, []], help="default: all")
    chosen = parser.parse_args().subject or SUBJECTS
    rows: list[Row] = []
    for name in chosen:
        rows += importlib.import_module(f"benchmarks.{name}").rows()
    print(show(rows))
    save(rows, Path("build/benchmarks.json"))


if __name__ == "__main__":
    main()
