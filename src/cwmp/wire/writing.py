"""Messages to XML text: plain elements from escaped templates, as strict in what is sent as the schema.

The messages an ACS sends all day have functions of their own below; every other one is written by its
`schema.StructSpec`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cwmp.wire import messages
from cwmp.wire.errors import LocalProtocolError, UnencodableText
from cwmp.wire.messages import Fault, Message
from cwmp.wire.schema import FieldSpec, StructSpec, spec_of
from cwmp.wire.values import TYPES

XSI_TYPES = {name: f"xsd:{name}" for name in TYPES} | {"base64": "soap-enc:base64"}
"""What stands in xsi:type; base64 is the one type that SOAP encoding defines instead of XML Schema."""

# XML 1.0 §2.2 Char, turned round.
_ILLEGAL = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_UNSIGNED_MAX = 2**32 - 1


def escape(text: str) -> str:
    """The text as element content. Raises `UnencodableText` for what XML cannot carry.

    A carriage return goes as a reference, because a parser would read it as a line feed.
    """
    # Printable text holds no character XML forbids, and most texts hold nothing to escape.
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    if found := _ILLEGAL.search(text):
        raise UnencodableText(f"the character U+{ord(found.group()):04X} cannot be sent in XML")
    return text.translate(_ESCAPES)


def write_message(message: Message) -> str:
    """The message's element, with its arguments. Raises `LocalProtocolError` for what cannot be sent."""
    writer = _FAST.get(type(message))
    try:
        if writer is not None:
            return writer(message)
        if isinstance(message, messages.UnknownMethod):
            raise LocalProtocolError("a method that is not in the standard cannot be sent")
        name = type(message).__name__
        return f"<cwmp:{name}>{_fields(spec_of(type(message)), message)}</cwmp:{name}>"
    except UnencodableText as error:
        raise UnencodableText(f"{type(message).__name__}{_culprit(message)}: {error}") from None
    except (AttributeError, TypeError, KeyError) as error:
        raise LocalProtocolError(
            f"{type(message).__name__} has a field of the wrong Python type ({type(error).__name__})"
        ) from error


def write_fault(fault: Fault, soap: str) -> str:
    """The SOAP fault around a CWMP fault; `soap` is the envelope's prefix (TR-069a6 §3.5)."""
    try:
        code = _integer(fault.code)
        text = escape(fault.message)
        parts = [
            f"<SetParameterValuesFault><ParameterName>{escape(each.parameter_name)}</ParameterName>"
            f"<FaultCode>{_integer(each.code)}</FaultCode>"
            + (f"<FaultString>{escape(each.message)}</FaultString>" if each.message else "")
            + "</SetParameterValuesFault>"
            for each in fault.set_parameter_values_faults
        ]
    except (AttributeError, TypeError) as error:
        raise LocalProtocolError(
            f"a Fault has a field of the wrong Python type ({type(error).__name__})"
        ) from error
    if fault.soap_code not in ("Client", "Server", "MustUnderstand"):
        raise LocalProtocolError("a Fault's soap_code is Client, Server or MustUnderstand")
    head = f"<{soap}:Fault><faultcode>{soap}:{fault.soap_code}</faultcode>"
    if not fault.code and not parts:
        return f"{head}<faultstring>{text or 'SOAP fault'}</faultstring></{soap}:Fault>"
    said = f"<FaultString>{text}</FaultString>" if text else ""
    return (
        f"{head}<faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>{code}</FaultCode>"
        f"{said}{''.join(parts)}</cwmp:Fault></detail></{soap}:Fault>"
    )


# --- by specification ------------------------------------------------------------------------------------


def _fields(spec: StructSpec, value: Any) -> str:
    if type(value) is messages.ParameterValue:
        return _value(value)
    return "".join([_field(field, getattr(value, field.name)) for field in spec.fields])


def _field(field: FieldSpec, value: Any) -> str:
    name = field.element
    if field.many is None:
        text = _content(field, value)
        return "" if field.kind == "optional" and not text else f"<{name}>{text}</{name}>"
    if not isinstance(value, tuple):
        raise LocalProtocolError(f"{name} must be a tuple")
    if field.many == "array":
        member = field.member
        items = "".join([f"<{member}>{_content(field, each)}</{member}>" for each in value])
        return f'<{name} soap-enc:arrayType="{field.array_type}[{len(value)}]">{items}</{name}>'
    if len(field.structs) == 1:
        return "".join([f"<{name}>{_content(field, each)}</{name}>" for each in value])
    # Which of several structures an element holds is told by xsi:type alone (OperationStruct).
    return "".join(
        [
            f'<{name} xsi:type="cwmp:{_struct(field, each).wire_name}">{_content(field, each)}</{name}>'
            for each in value
        ]
    )


def _content(field: FieldSpec, value: Any) -> str:
    match field.kind:
        case "int" | "count":
            return str(_integer(value))
        case "unsignedInt":
            if not 0 <= _integer(value) <= _UNSIGNED_MAX:
                raise LocalProtocolError(f"{field.element} does not fit an unsignedInt")
            return str(value)
        case "boolean":
            if not isinstance(value, bool):
                raise LocalProtocolError(f"{field.element} must be a bool")
            return "1" if value else "0"
        case "struct":
            return _fields(_struct(field, value), value)
        case _:
            return escape(value)


def _struct(field: FieldSpec, value: Any) -> StructSpec:
    for spec in field.structs.values():
        if type(value) is spec.cls:
            return spec
    raise LocalProtocolError(f"{field.element} holds a {type(value).__name__}")


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise LocalProtocolError("a number is missing, or too large for CWMP")
    return value


# --- the messages an ACS sends all day -------------------------------------------------------------------


def _value(value: messages.ParameterValue) -> str:
    kind = XSI_TYPES.get(value.type)
    if kind is None:
        raise LocalProtocolError(f"{value.name}: {value.type!r} is no parameter type")
    return f'<Name>{escape(value.name)}</Name><Value xsi:type="{kind}">{escape(value.value)}</Value>'


def _set_parameter_values(message: messages.SetParameterValues) -> str:
    values = [
        f"<ParameterValueStruct>{_value(value)}</ParameterValueStruct>" for value in message.parameter_list
    ]
    return (
        "<cwmp:SetParameterValues><ParameterList soap-enc:arrayType="
        f'"cwmp:ParameterValueStruct[{len(values)}]">{"".join(values)}</ParameterList>'
        f"<ParameterKey>{escape(message.parameter_key)}</ParameterKey></cwmp:SetParameterValues>"
    )


def _get_parameter_values(message: messages.GetParameterValues) -> str:
    names = [f"<string>{escape(name)}</string>" for name in message.parameter_names]
    return (
        f'<cwmp:GetParameterValues><ParameterNames soap-enc:arrayType="xsd:string[{len(names)}]">'
        f"{''.join(names)}</ParameterNames></cwmp:GetParameterValues>"
    )


def _inform_response(message: messages.InformResponse) -> str:
    envelopes = _integer(message.max_envelopes)
    return f"<cwmp:InformResponse><MaxEnvelopes>{envelopes}</MaxEnvelopes></cwmp:InformResponse>"


_FAST: dict[type[Message], Callable[[Any], str]] = {
    messages.SetParameterValues: _set_parameter_values,
    messages.GetParameterValues: _get_parameter_values,
    messages.InformResponse: _inform_response,
}


def _culprit(message: Message) -> str:
    """Where the unsendable text is, as far as it can be told without showing it."""
    for value in getattr(message, "parameter_list", ()):
        for text in (value.name, getattr(value, "value", "")):
            if _ILLEGAL.search(text):
                return f", {_ILLEGAL.sub('?', value.name)}"
    return ""
