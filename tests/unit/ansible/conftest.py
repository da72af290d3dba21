"""Lets the plugins of this tree be imported as the collection they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session", autouse=True)
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree as ansible_collections.cpeops.cwmp, found by Ansible's own loader."""
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    paths = tmp_path_factory.mktemp("collections")
    (paths / "ansible_collections" / "cpeops").mkdir(parents=True)
    (paths / "ansible_collections" / "cpeops" / "cwmp").symlink_to(ROOT)
    if not any(type(hook).__name__ == "_AnsibleCollectionFinder" for hook in sys.meta_path):
        _AnsibleCollectionFinder(paths=[str(paths)])._install()
    return paths / "ansible_collections" / "cpeops" / "cwmp"
