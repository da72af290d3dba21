"""Rows of figures: printed as one table, kept as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One figure beside its floor and its aim; `unit` says what is counted."""

    name: str
    figure: float
    unit: str
    floor: float | None = None
    aim: str = ""
    note: str = ""


def show(rows: list[Row]) -> str:
    """The table as text, aligned for a terminal."""
    head = ("what", "figure", "unit", "floor", "aim", "note")
    lines = [
        (
            r.name,
            f"{r.figure:,.4g}" if r.figure < 1000 else f"{r.figure:,.0f}",
            r.unit,
            "" if r.floor is None else (f"{r.floor:,.4g}" if r.floor < 1000 else f"{r.floor:,.0f}"),
            r.aim,
            r.note,
        )
        for r in rows
    ]
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    text = []
    for line in [head, tuple("-" * w for w in widths), *lines]:
        cells = [
            cell.rjust(width) if index in (1, 3) else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def save(rows: list[Row], path: Path) -> None:
    """Write the rows as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
