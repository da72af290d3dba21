"""What converging needs to know of a parameter before it looks at any value; kept per path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cwmp.datamodel import ParameterFacts, is_secret, model
from cwmp.datamodel.paths import leaf, without_root
from cwmp.desired.comparing import Form

ORDINARY, CREDENTIALS, ENABLE, REFERENCE, ACS_URL = range(5)
"""Order inside one SetParameterValues: agents that apply values one by one meet them in a sane order."""

URL = ".ManagementServer.URL"
_HANDOVER = frozenset({URL, ".ManagementServer.Username", ".ManagementServer.Password"})


@dataclass(frozen=True, slots=True)
class Traits:
    """facts: the standard's word, None for a vendor's parameter. item: XSD type of a list's items.

    rank: place in the order of writing. handover: belongs to the move to another ACS, kept in one set.
    """

    facts: ParameterFacts | None
    secret: bool
    form: Form
    item: str
    rank: int
    handover: bool


@lru_cache(maxsize=16384)
def traits(path: str, root: str) -> Traits:
    """Traits of a full path of the device."""
    facts = model(root).parameter(path)
    secret = is_secret(path, root)
    form: Form = "plain"
    item = "string"
    if facts is not None and facts.list is not None:
        form, item = ("references" if facts.reference else "list"), facts.list.item
    elif facts is not None and facts.reference is not None:
        form = "reference"
    name = leaf(path)
    own = without_root(path)
    if own == URL:
        rank = ACS_URL
    elif form in ("reference", "references"):
        rank = REFERENCE
    elif name in ("Enable", "Enabled"):
        rank = ENABLE
    elif secret or name.endswith(("Username", "UserName")):
        rank = CREDENTIALS
    else:
        rank = ORDINARY
    return Traits(facts, secret, form, item, rank, own in _HANDOVER)
