"""Which parameters hold secrets: by the facts, or by their name where the facts do not know them."""

from __future__ import annotations

import re
from functools import lru_cache

from cwmp.datamodel.model import model
from cwmp.datamodel.paths import root_of

_LOOKS_SECRET = re.compile(
    r"(pass(word|wd|phrase|code)|pwd|presharedkey|wepkey|keypassphrase|secret|privatekey|encryptionkey)\d*$",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Does a parameter's own name read like a password or key, as vendors spell them?"""
    return _LOOKS_SECRET.search(name) is not None


@lru_cache(maxsize=8192)
def is_secret(path: str, root: str = "") -> bool:
    """Must the value never be shown?

    True for what the data model hides or secures, and for a string whose name reads like a password, known
    or a vendor's own. Booleans never: the models hide some that only trigger an action. root: for a path
    with a leading dot.
    """
    if path.endswith("."):
        return False
    own_root = root_of(path) or root
    facts = model(own_root).parameter(path) if own_root else None
    if facts is None:
        return looks_secret(path.rpartition(".")[2])
    return (facts.hidden and facts.type != "boolean") or (
        facts.type == "string" and looks_secret(path.rpartition(".")[2])
    )
