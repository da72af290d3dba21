"""The desired state of one CPE, as users write it and as it travels (JSON both times)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool | list[str]
"""A wanted value. A list stands for a comma-separated list parameter."""

Presence: TypeAlias = Literal["present", "absent"]


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One row of a multi-instance object, found by its key parameters, never by accident of its number.

    table: path of the table, ending in a dot (``.XMPP.Connection.``), root optional.
    match: key parameters below the row and their values (``{"Alias": "acs"}``).
    set: parameters below the row and their wanted values; `match` is set too when the row is added.
    number: the bare instance number, only where the user insists; then `match` may be empty.
    """

    table: str
    match: Mapping[str, Scalar] = field(default_factory=dict)
    set: Mapping[str, Scalar] = field(default_factory=dict)
    state: Presence = "present"
    number: int | None = None


@dataclass(frozen=True, slots=True)
class AttributeState:
    """Notification (0 to 6, TR-069a6 §A.3.2.4) and access list of a parameter; None leaves it alone."""

    path: str
    notification: int | None = None
    access_list: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What the CPE should be. `set` maps parameter paths to values; a leading dot is the device's root."""

    set: Mapping[str, Scalar] = field(default_factory=dict)
    instances: tuple[InstanceState, ...] = ()
    attributes: tuple[AttributeState, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DesiredState:
        """Read the JSON form. Raises `Refused` with the place and the mend for anything malformed."""
        from cwmp.desired.reading_state import state_from_json

        return state_from_json(data)

    def to_json(self) -> dict[str, Any]:
        """The JSON form; `from_json` gives it back. Holds secrets: seal it before storing."""
        from cwmp.desired.reading_state import state_to_json

        return state_to_json(self)
