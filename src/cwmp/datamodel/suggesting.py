"""Did you mean: known paths near an unknown one."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from cwmp.datamodel.paths import PathError, is_instance, leaf, segments, with_root, without_root

if TYPE_CHECKING:
    from cwmp.datamodel.model import DataModel

_NEAR = 0.62
"""How alike two names have to be (SequenceMatcher ratio) to be taken for one another."""

_WIDTH = 6
"""How many half-read paths are followed at once."""

_ROW = 0.05
_CASE = 0.02
_ELSEWHERE = 0.5
_GIVEN_UP = 2.0


def _cost(asked: str, name: str) -> float | None:
    """How far a known name is from the one asked for; None: too far to be meant."""
    if asked == name:
        return 0.0
    low, known = asked.lower(), name.lower()
    if low == known:
        return _CASE
    ratio = SequenceMatcher(None, low, known, autojunk=False).ratio()
    if len(low) >= 3 and (known.startswith(low) or known.endswith(low)):
        ratio = max(ratio, _NEAR)
    return 1.0 - ratio if ratio >= _NEAR else None


def _steps(model: DataModel, at: str, asked: str) -> list[tuple[float, str]]:
    """Objects or parameters one segment below ``at`` that the asked segment may mean; at is generic."""
    found = []
    for child in model.children(at):
        own = child.removesuffix("{i}.")
        cost = _cost(asked, leaf(own))
        if cost is not None:
            found.append((cost, own))
    return found


def _is_table(model: DataModel, at: str) -> bool:
    return model.children(at) == (f"{at}{{i}}.",)


def _walk(model: DataModel, asked: tuple[str, ...]) -> list[tuple[float, str, str]]:
    """Follow the segments from the root. Yields (cost, path, path with the asked rows kept)."""
    beams: list[tuple[float, str, str]] = [(0.0, model.root, model.root)]
    for segment in asked:
        step: dict[str, tuple[float, str, str]] = {}

        def keep(cost: float, at: str, shown: str, step: dict[str, tuple[float, str, str]] = step) -> None:
            if at not in step or cost < step[at][0]:
                step[at] = (cost, at, shown)

        for cost, at, shown in beams:
            if not at.endswith("."):
                continue
            if is_instance(segment):
                if _is_table(model, at):
                    keep(cost, f"{at}{{i}}.", f"{shown}{segment}.")
                else:
                    keep(cost + _ROW, at, shown)
                continue
            if _is_table(model, at):
                at, shown, cost = f"{at}{{i}}.", f"{shown}{{i}}.", cost + _ROW
            for more, child in _steps(model, at, segment):
                keep(cost + more, child, shown + child[len(at) :])
        beams = sorted(step.values())[:_WIDTH]
    return beams


def _elsewhere(model: DataModel, asked: tuple[str, ...], whole: bool) -> list[tuple[float, str, str]]:
    """Paths of the same own name anywhere in the model, the ones with like parents first."""
    if not asked:
        return []
    last = asked[-1].lower()
    wanted = ".".join(asked).lower()
    found = []
    for path in model.paths():
        own = path.removesuffix("{i}.") if path.endswith(".") else path
        if path.endswith(".") != whole or leaf(own).lower() != last:
            continue
        ratio = SequenceMatcher(None, wanted, own[len(model.root) :].lower(), autojunk=False).ratio()
        # an operator more often means the plain row than one deep in a report
        found.append((_ELSEWHERE + 1.0 - ratio + 0.05 * path.count("."), path, path))
    return found


def suggestions(model: DataModel, path: str, limit: int) -> list[str]:
    """Known paths near the asked one, best first; empty when the path is known or nothing comes near.

    Understood: a typo in any segment, wrong case, the other root, a missing or a needless instance, and a
    parameter put under the wrong object. Rows that were asked for are kept, missing ones shown as ``{i}``.
    """
    try:
        asked = segments(with_root(path, model.root, translate=True))
    except PathError:
        return []
    if not asked or model.known(path) or any(part.startswith("X_") for part in asked):
        return []  # a vendor's own parameter is legal and cannot be known
    root_name = model.root.removesuffix(".")
    # the first segment is the root, or a misspelt one, or the user left the root away
    if _cost(asked[0], root_name) is not None:
        asked = asked[1:]
    whole = path.endswith(".")
    found = [
        each
        for each in _walk(model, asked)
        if each[1] != model.root and each[1].endswith(".") == whole and model.known(each[1])
    ]
    if not found:
        found = _elsewhere(model, asked, whole)
    if not found and len(asked) > 1:
        # nothing of that name: at least the nearest object that exists
        found = [
            (cost + _GIVEN_UP, at, shown)
            for cost, at, shown in _walk(model, asked[:-1])
            if at.endswith(".") and at != model.root
        ]
    chosen: list[str] = []
    for _, at, shown in sorted(found):
        facts = model.parameter(at) or model.object(at)
        text = without_root(shown) if path.startswith(".") else shown
        if facts is not None and facts.status != "deleted" and text not in chosen and text != path:
            chosen.append(text)
    return chosen[:limit]
