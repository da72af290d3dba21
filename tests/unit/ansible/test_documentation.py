"""What `ansible-doc` says is what the actions accept, and nothing is left undocumented."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
SAME = ("type", "elements", "choices", "default", "required")
METHODS_OF_DICT = {"values", "items", "keys", "get", "copy", "update", "pop"}


def documented(name: str) -> dict[str, Any]:
    module = importlib.import_module(f"ansible_collections.cpeops.cwmp.plugins.modules.{name}")
    doc: dict[str, Any] = yaml.safe_load(module.DOCUMENTATION)
    options = doc.get("options") or {}
    for fragment in doc["extends_documentation_fragment"]:
        part = importlib.import_module(
            f"ansible_collections.cpeops.cwmp.plugins.doc_fragments.{fragment.rpartition('.')[2]}"
        )
        options = {**yaml.safe_load(part.ModuleDocFragment.DOCUMENTATION)["options"], **options}
    return {**doc, "options": options, "return": yaml.safe_load(module.RETURN), "examples": module.EXAMPLES}


def action(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.cpeops.cwmp.plugins.action.{name}").ActionModule


def compare(spec: dict[str, Any], options: dict[str, Any], where: str) -> None:
    assert set(spec) == set(options), where
    for name, entry in spec.items():
        said = options[name]
        place = f"{where}.{name}"
        assert not METHODS_OF_DICT & {name}, place
        for key in SAME:
            missing = False if key == "required" else None
            assert entry.get(key, missing) == said.get(key, missing), f"{place}: {key}"
        if "options" in entry:
            compare(entry["options"], said["suboptions"], place)


@pytest.mark.parametrize("name", MODULES)
def test_spec_and_documentation_agree(name: str) -> None:
    compare(action(name).SPEC, documented(name)["options"], name)


@pytest.mark.parametrize("name", MODULES)
def test_documentation_is_complete(name: str) -> None:
    doc = documented(name)
    assert doc["module"] == name
    assert not METHODS_OF_DICT & set(doc["return"])
    examples = yaml.safe_load(doc["examples"])
    assert examples
    for task in examples:
        module = next(key for key in task if "." in key)
        assert task["name"]
        if module.startswith("cpeops.cwmp."):
            spec = action(module.rpartition(".")[2]).SPEC
            assert set(task[module] or {}) <= set(spec), task["name"]


def test_every_action_is_a_module_and_in_the_group() -> None:
    actions = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py"))
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert actions == MODULES == sorted(runtime["action_groups"]["all"])


def test_actions_do_not_need_a_connection() -> None:
    for name in MODULES:
        assert action(name)._requires_connection is False


def test_required_engine_is_the_same_everywhere() -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils import engine

    wanted = "cwmp>=" + ".".join(str(part) for part in engine.REQUIRED)
    assert any(line.startswith(wanted) for line in (ROOT / "requirements.txt").read_text().splitlines())
