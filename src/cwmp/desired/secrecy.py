"""Which values are secrets, and when one is written although it cannot be read back.

The data model hides passwords: reads give "". So the platform keeps a keyed hash of the last value each
device accepted, and a secret is written when its hash differs (`when_changed`), each time (`always`), or not
at all (`never`). A platform that keeps no hashes cannot tell, and `when_changed` writes each time.

How such a write is judged: nothing can be read, so the CPE's Status 0 is the only witness. Where hashes are
kept, that acceptance is the very fact recorded and compared the next time, and the change is `applied`.
Where none are kept, nothing will ever show it again, and it is `unverifiable`.

Some devices do give secrets in clear. Then the value read counts like any other, and is masked all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cwmp.datamodel.paths import generic
from cwmp.desired.known import ConvergeOptions, KnownDevice
from cwmp.desired.traits import traits

# what devices show in place of a secret
_MASKED = re.compile(r"[*•●#]*|[xX]{4,}")


_NULL = {
    "boolean": ("0", "false"),
    "dateTime": ("0001-01-01T00:00:00Z",),
    **dict.fromkeys(("int", "unsignedInt", "long", "unsignedLong", "decimal"), ("0",)),
}


def told(held: str | None, type_: str = "string") -> bool:
    """Did the device give a secret's real value? Not where it reads as a row of stars or its type's null."""
    return held is not None and held not in _NULL.get(type_, ()) and _MASKED.fullmatch(held) is None


class SecretPaths:
    """Tells secrets: what the data model hides, what looks like a password, and what the caller names."""

    __slots__ = ("_named", "_root")

    def __init__(self, root: str, named: Iterable[str] = ()) -> None:
        """named: paths, with root or leading dot; rows by number or ``{i}``."""
        self._root = root
        self._named = frozenset(root + path[1:] if path.startswith(".") else path for path in named)

    def __contains__(self, path: str) -> bool:
        if traits(path, self._root).secret:
            return True
        if not self._named:
            return False
        return path in self._named or generic(path) in self._named


class Secrets:
    """The rules above for one device and one run."""

    __slots__ = ("_known", "_mode", "paths")

    def __init__(self, root: str, known: KnownDevice, options: ConvergeOptions) -> None:
        self._known = known
        self._mode = options.secrets
        self.paths = SecretPaths(root, options.secret_paths)

    @property
    def kept(self) -> bool:
        """Does the platform keep hashes?"""
        return self._known.hash_secret is not None

    def hash(self, path: str, value: str) -> str | None:
        """The keyed hash to remember; None where the platform keeps none."""
        return None if self._known.hash_secret is None else self._known.hash_secret(path, value)

    def to_write(self, path: str, wanted: str, *, same: bool | None) -> bool:
        """Is the secret to be written? same: the value read equals the wanted one; None: not readable."""
        if self._mode == "never":
            return False
        if self._mode == "always":
            return True
        if same is not None:
            return not same
        return self.differs(path, wanted) is not False

    def differs(self, path: str, wanted: str) -> bool | None:
        """By the hash: does the device hold another value? None: nobody knows."""
        stored = self._known.secret_hashes.get(path)
        own = self.hash(path, wanted)
        return None if stored is None or own is None else stored != own
