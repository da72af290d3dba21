"""The data directory: made private, used by one process, and noticed when its database was put back."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from cwmp.acs.errors import StoreError, StoreLocked

DATABASE = "acs.sqlite"
_LOCK = "acs.lock"
_MARK = "acs.generation"
_RESTORED = "restored"


class DataDirectory:
    """Holds the lock on a data directory until `release`.

    The generation is a number the database counts up every few seconds of work; a file beside it follows,
    always after the database. A database behind its file has been put back from a backup.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / DATABASE
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"The data directory {path} cannot be used: {error.strerror}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise StoreLocked(
                f"Another ACS (process {holder or 'unknown'}) uses the data directory {path}; "
                "stop that one, or choose another directory with --data."
            ) from None
        # What cannot be written here is said by the database, which needs the room too.
        with suppress(OSError):
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        self._private(self.database)
        self._mark = os.open(path / _MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def generation(self) -> int:
        """The newest generation the database is known to have reached."""
        with suppress(ValueError):
            return int(os.pread(self._mark, 32, 0))
        return 0

    def reached(self, generation: int) -> None:
        """The database holds this generation, durably."""
        with suppress(OSError):  # a full disk: the mark stays behind, which is harmless
            os.pwrite(self._mark, b"%020d\n" % generation, 0)

    def take_restored_note(self) -> bool:
        """Whether someone left a file `restored`, as after a restore of the whole directory; removes it."""
        try:
            (self.path / _RESTORED).unlink()
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Let another process use the directory."""
        os.close(self._mark)
        os.close(self._lock)

    @staticmethod
    def _private(path: Path) -> None:
        # SQLite gives -wal and -shm the mode of the database file.
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)
        except OSError as error:
            raise StoreError(f"The database {path} cannot be used: {error.strerror}.") from None
