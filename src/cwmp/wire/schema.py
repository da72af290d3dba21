"""How each message class looks in XML, worked out from the classes themselves.

A field ``parameter_list`` is the element ``ParameterList``; a tuple of structures is a SOAP array whose
members are named as their type. Only what does not follow is listed here.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cwmp.wire import messages

Kind: TypeAlias = Literal[
    "text", "token", "dateTime", "base64", "optional", "count", "int", "unsignedInt", "boolean", "struct"
]
"""What the text of an element is; the kinds of text are told apart in `messages`."""

_SPECIAL_WORDS = {"url": "URL", "oui": "OUI", "uuid": "UUID", "sn": "SN"}
_STRUCT_NAMES = {messages.SetParameterAttribute: "SetParameterAttributesStruct"}
# Repeated elements, not SOAP arrays (cwmp-1-2.xsd: maxOccurs on the element itself).
_REPEATED = frozenset(("operations", "results"))
_ARRAY_TYPES = {"text": "xsd:string", "token": "xsd:string", "base64": "soap-enc:base64"}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. many: None for a single element, else how several are written.

    member / array_type: name of an array's members, and their type in soap-enc:arrayType.
    structs: classes the structure, or the array's members, can have; by wire name.
    """

    name: str
    element: str
    kind: Kind
    many: Literal["array", "repeated"] | None
    default: Any
    structs: dict[str, StructSpec]
    member: str = ""
    array_type: str = ""


@dataclass(frozen=True, slots=True)
class StructSpec:
    """A structure or a whole message."""

    cls: type[Any]
    wire_name: str
    fields: tuple[FieldSpec, ...]


REQUIRED = dataclasses.MISSING
"""`FieldSpec.default` of a field the class has no default for."""


_specs: dict[type[Any], StructSpec] = {}


def spec_of(cls: type[Any]) -> StructSpec:
    """The XML shape of a message or structure class."""
    spec = _specs.get(cls)
    if spec is None:
        spec = _specs[cls] = _work_out(cls)
    return spec


def _work_out(cls: type[Any]) -> StructSpec:
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = tuple(
        _field_spec(field.name, hints[field.name], field.default) for field in dataclasses.fields(cls)
    )
    return StructSpec(cls, wire_name(cls), fields)


def wire_name(cls: type[Any]) -> str:
    """Name of the class in the schema."""
    if issubclass(cls, messages.Message):
        return cls.__name__
    return _STRUCT_NAMES.get(cls, cls.__name__ + "Struct")


def element_name(field: str) -> str:
    """``success_url`` → ``SuccessURL``."""
    return "".join(_SPECIAL_WORDS.get(word, word.capitalize()) for word in field.split("_"))


def _field_spec(name: str, hint: Any, default: Any) -> FieldSpec:
    base, _ = _unannotated(hint)
    element = element_name(name)
    if typing.get_origin(base) is not tuple:
        kind, structs = _kind(hint)
        return FieldSpec(name, element, kind, None, default, structs)
    kind, structs = _kind(typing.get_args(base)[0])
    if name in _REPEATED:
        return FieldSpec(name, element, kind, "repeated", default, structs)
    if kind == "struct":
        (member,) = structs
        array_type = f"cwmp:{member}"
    else:
        member = "base64" if kind == "base64" else "string"
        array_type = _ARRAY_TYPES[kind]
    return FieldSpec(name, element, kind, "array", default, structs, member, array_type)


def _kind(hint: Any) -> tuple[Kind, dict[str, StructSpec]]:
    base, note = _unannotated(hint)
    classes = typing.get_args(base) if isinstance(base, types.UnionType) else (base,)
    if dataclasses.is_dataclass(classes[0]):
        return "struct", {wire_name(cls): spec_of(cls) for cls in classes}
    plain: dict[type, Kind] = {str: "text", int: "int", bool: "boolean"}
    return note or plain[base], {}


def _unannotated(hint: Any) -> tuple[Any, Any]:
    if typing.get_origin(hint) is typing.Annotated:
        base, note = typing.get_args(hint)
        return base, note
    return hint, None
