"""Small files with a secret survive what happens to disks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cwmp.acs import secret_files
from cwmp.errors import CwmpError


def test_on_a_full_disk_no_half_of_a_token_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "api-token"

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CwmpError, match="No space left"):
            secret_files.api_token(file)
    assert not list(tmp_path.iterdir())
    token = secret_files.api_token(file)
    assert secret_files.api_token(file) == token and file.stat().st_mode & 0o777 == 0o600
