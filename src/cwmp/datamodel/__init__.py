"""The Broadband Forum's data models as facts, and the paths they are asked by.

`model(root)` answers what the standard says of a parameter or object; `paths` is about the text of paths.
Nothing is loaded at import. Real devices differ from the standard: what a device says of itself wins.
"""

from __future__ import annotations

from cwmp.datamodel.model import DataModel, model
from cwmp.datamodel.paths import TR098, TR181
from cwmp.datamodel.rows import ListFacts, ObjectFacts, ParameterFacts, Range, Reference, UniqueKey
from cwmp.datamodel.secrets import is_secret, looks_secret

__all__ = [
    "TR098",
    "TR181",
    "DataModel",
    "ListFacts",
    "ObjectFacts",
    "ParameterFacts",
    "Range",
    "Reference",
    "UniqueKey",
    "is_secret",
    "looks_secret",
    "model",
]
