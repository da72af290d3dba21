"""The SOAP body's element to a message, by local names: where a device puts its elements into a namespace
does not matter, nor does their order, nor what stands between them.

The messages that come all day have functions of their own for their usual shape; whatever looks different
is read by the `schema.StructSpec`, as all other messages are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from lxml import etree

from cwmp.wire import messages
from cwmp.wire.errors import LimitExceeded, MalformedEnvelope
from cwmp.wire.limits import Limits
from cwmp.wire.messages import (
    MESSAGES,
    Fault,
    Message,
    ParameterInfo,
    ParameterValue,
    SetParameterValuesFault,
)
from cwmp.wire.schema import REQUIRED, FieldSpec, StructSpec, spec_of
from cwmp.wire.values import TYPES, normalise_type

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_USUAL_TYPES: dict[str | None, str] = {f"{prefix}:{name}": name for prefix in ("xsd", "xs") for name in TYPES}
_TRUTHS = {"1": True, "true": True, "0": False, "false": False, "": False}
_BLANKS = " \t\r\n"
_LONGEST_NUMBER = 40
_DIGITS = {"0": 0, "1": 1}


def local(tag: object) -> str:
    """The name without its namespace, and without a prefix nobody declared."""
    if not isinstance(tag, str):
        return ""
    name = tag[tag.rfind("}") + 1 :]
    return name.rpartition(":")[2] if ":" in name else name


def text_of(element: etree._Element) -> str:
    """All text of an element that should hold nothing else."""
    return "".join(map(str, element.itertext())) if len(element) else element.text or ""


def read_message(element: etree._Element, name: str, limits: Limits) -> Message:
    """The message an element of this local name stands for; `UnknownMethod` when the standard has none.

    Raises `MalformedEnvelope` for arguments that cannot be read and `LimitExceeded`.
    """
    fast = _FAST.get(name)
    if fast is not None:
        message = fast(element, limits)
        if message is not None:
            return message
    cls = MESSAGES.get(name)
    if cls is None:
        return messages.UnknownMethod(name[:256])
    message = _struct(spec_of(cls), element, limits)
    assert isinstance(message, Message)
    return message


# --- faults ----------------------------------------------------------------------------------------------


def read_fault(element: etree._Element, limits: Limits) -> Fault:
    """The CWMP fault in a SOAP fault, wherever in it the device has put the detail.

    Without one, the code is what the faultcode says if that is a number, else 0.
    """
    parts = {local(child.tag).lower(): child for child in element}
    soap_code = text_of(parts["faultcode"]).strip(_BLANKS) if "faultcode" in parts else ""
    blame: Literal["Client", "Server"] = "Client" if local(soap_code).lower() == "client" else "Server"
    said = (parts["faultstring"].text or "").strip(_BLANKS) if "faultstring" in parts else ""
    if said.lower() == "cwmp fault":
        said = ""
    detail = next((each for each in element.iterdescendants() if _is_cwmp_fault(each)), None)
    if detail is None:
        return Fault(_fault_code(local(soap_code)), said, (), blame)
    code, message = 0, said
    details: list[SetParameterValuesFault] = []
    for child in detail:
        name = local(child.tag)
        if name == "FaultCode":
            code = _fault_code(text_of(child))
        elif name == "FaultString":
            message = text_of(child) or said
        elif name == "SetParameterValuesFault":
            _bound(len(details) + 1, limits)
            details.append(_parameter_fault(child))
    return Fault(code, message, tuple(details), blame)


def _is_cwmp_fault(element: etree._Element) -> bool:
    return local(element.tag) == "Fault" and any(local(child.tag) == "FaultCode" for child in element)


def _parameter_fault(element: etree._Element) -> SetParameterValuesFault:
    parts = {local(child.tag): text_of(child) for child in element}
    return SetParameterValuesFault(
        parts.get("ParameterName", "").strip(_BLANKS),
        _fault_code(parts.get("FaultCode", "")),
        parts.get("FaultString", ""),
    )


def _fault_code(text: str) -> int:
    number = _number(text)
    return 0 if number is None else number


# --- by specification ------------------------------------------------------------------------------------


def _struct(spec: StructSpec, element: etree._Element, limits: Limits) -> Any:
    children: dict[str, list[etree._Element]] = {}
    for child in element:
        children.setdefault(local(child.tag), []).append(child)
    if spec.cls is ParameterValue:
        return _parameter_value(element, children)
    return spec.cls(*[_field(spec, field, children.get(field.element, ()), limits) for field in spec.fields])


def _field(spec: StructSpec, field: FieldSpec, found: Any, limits: Limits) -> Any:
    if field.many == "repeated":
        _bound(len(found), limits)
        return tuple([_member(spec, field, each, limits) for each in found])
    if not found:
        return _missing(spec, field)
    if field.many == "array":
        # Some devices repeat the whole list element, or call its members what they like.
        members = [member for each in found for member in each if isinstance(member.tag, str)]
        _bound(len(members), limits)
        return tuple([_member(spec, field, member, limits) for member in members])
    return _member(spec, field, found[0], limits)


def _member(spec: StructSpec, field: FieldSpec, element: etree._Element, limits: Limits) -> Any:
    if field.kind == "struct":
        return _struct(_which(spec, field, element), element, limits)
    text = text_of(element)
    match field.kind:
        case "text" | "optional" | "base64":
            return text
        case "token" | "dateTime":
            return text.strip(_BLANKS)
        case "boolean":
            truth = _truth(text)
            if truth is None:
                raise _unreadable(spec, field, "true or false")
            return truth
    number = _number(text)
    if number is not None:
        return number
    if field.kind == "count" or not text.strip(_BLANKS):
        return _missing(spec, field)
    raise _unreadable(spec, field, "a whole number")


def _missing(spec: StructSpec, field: FieldSpec) -> Any:
    """What an absent element counts as."""
    if field.default is not REQUIRED:
        return field.default
    if field.many is not None:
        return ()
    match field.kind:
        case "struct":
            raise MalformedEnvelope(f"{spec.wire_name} has no {field.element}")
        case "boolean":
            return False
        case "int" | "unsignedInt" | "count":
            return 0
    return ""


def _which(spec: StructSpec, field: FieldSpec, element: etree._Element) -> StructSpec:
    if len(field.structs) == 1:
        return next(iter(field.structs.values()))
    named = local(_attribute(element, "type") or "")
    if named in field.structs:
        return field.structs[named]
    raise MalformedEnvelope(f"{spec.wire_name}: an element {field.element} does not tell its type")


def _unreadable(spec: StructSpec, field: FieldSpec, wanted: str) -> MalformedEnvelope:
    return MalformedEnvelope(f"{spec.wire_name}: {field.element} is not {wanted}")


def _bound(number: int, limits: Limits) -> None:
    if number > limits.parameters:
        raise LimitExceeded(f"a list has more than the {limits.parameters} entries allowed")


def _truth(text: str) -> bool | None:
    return _TRUTHS.get(text.strip(_BLANKS).lower())


def _number(text: str) -> int | None:
    if text in _DIGITS:
        return _DIGITS[text]
    digits = text.strip(_BLANKS)
    if len(digits) > _LONGEST_NUMBER or not digits.isascii():
        return None
    return int(digits) if digits.removeprefix("-").removeprefix("+").isdigit() else None


def _attribute(element: etree._Element, name: str) -> str | None:
    return next((str(value) for key, value in element.attrib.items() if local(key) == name), None)


def _parameter_value(element: etree._Element, children: dict[str, list[etree._Element]]) -> ParameterValue:
    name, value = children.get("Name"), children.get("Value")
    return ParameterValue(
        text_of(name[0]).strip(_BLANKS) if name else "",
        text_of(value[0]) if value else "",
        normalise_type(_attribute(value[0], "type")) if value else "string",
    )


# --- the messages that come all day ----------------------------------------------------------------------
# Each returns None where the element does not have its usual shape.

# The constructor of a frozen dataclass takes twice as long as setting its slots: lists of parameters are
# what an ACS reads most.
_new = object.__new__
_set_name = ParameterValue.__dict__["name"].__set__
_set_value = ParameterValue.__dict__["value"].__set__
_set_type = ParameterValue.__dict__["type"].__set__


def _values(array: etree._Element, limits: Limits) -> tuple[ParameterValue, ...] | None:
    """A list of ParameterValueStruct, each a Name and a Value."""
    _bound(len(array), limits)
    read = []
    for struct in array:
        if len(struct) != 2:
            return None
        name, value = struct[0], struct[1]  # by index: unpacking takes twice as long
        if name.tag != "Name" or value.tag != "Value" or len(name) or len(value):
            return None
        kind = _USUAL_TYPES.get(value.get(_XSI_TYPE)) or normalise_type(_attribute(value, "type"))
        made = _new(ParameterValue)
        _set_name(made, (name.text or "").strip(_BLANKS))
        _set_value(made, value.text or "")
        _set_type(made, kind)
        read.append(made)
    return tuple(read)


def _leaves(struct: etree._Element) -> dict[Any, str]:
    """Text of the children by tag. Raises KeyError where one has children itself."""
    leaves = {}
    for child in struct:
        if len(child):
            raise KeyError
        leaves[child.tag] = child.text or ""
    return leaves


def _inform(element: etree._Element, limits: Limits) -> Message | None:
    parts = {child.tag: child for child in element}
    try:
        who = _leaves(parts["DeviceId"])
        device_id = messages.DeviceId(
            who["Manufacturer"], who["OUI"].strip(_BLANKS), who["ProductClass"], who["SerialNumber"]
        )
        events = parts["Event"]
        _bound(len(events), limits)
        happened = []
        for struct in events:
            leaves = _leaves(struct)
            happened.append(messages.Event(leaves["EventCode"].strip(_BLANKS), leaves["CommandKey"]))
        values = _values(parts["ParameterList"], limits)
        envelopes = _number(parts["MaxEnvelopes"].text or "")
        retries = _number(parts["RetryCount"].text or "")
        time = (parts["CurrentTime"].text or "").strip(_BLANKS)
    except KeyError:
        return None
    if values is None or len(parts) != len(element):
        return None
    return messages.Inform(
        device_id, tuple(happened), 1 if envelopes is None else envelopes, time, retries or 0, values
    )


def _get_parameter_values_response(element: etree._Element, limits: Limits) -> Message | None:
    if len(element) != 1 or element[0].tag != "ParameterList":
        return None
    values = _values(element[0], limits)
    return None if values is None else messages.GetParameterValuesResponse(values)


def _get_parameter_names_response(element: etree._Element, limits: Limits) -> Message | None:
    if len(element) != 1 or element[0].tag != "ParameterList":
        return None
    array = element[0]
    _bound(len(array), limits)
    read = []
    for struct in array:
        if len(struct) != 2:
            return None
        name, writable = struct[0], struct[1]
        truth = _TRUTHS.get(writable.text or "")
        if name.tag != "Name" or writable.tag != "Writable" or len(name) or len(writable) or truth is None:
            return None
        read.append(ParameterInfo((name.text or "").strip(_BLANKS), truth))
    return messages.GetParameterNamesResponse(tuple(read))


def _set_parameter_values_response(element: etree._Element, limits: Limits) -> Message | None:
    if len(element) != 1 or element[0].tag != "Status" or len(element[0]):
        return None
    status = _number(element[0].text or "")
    return None if status is None else messages.SetParameterValuesResponse(status)


_FAST: dict[str, Callable[[etree._Element, Limits], Message | None]] = {
    "Inform": _inform,
    "GetParameterValuesResponse": _get_parameter_values_response,
    "GetParameterNamesResponse": _get_parameter_names_response,
    "SetParameterValuesResponse": _set_parameter_values_response,
}
