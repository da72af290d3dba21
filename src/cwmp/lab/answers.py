"""How a CPE answers the RPCs that read and write its tree (TR-069a6 §A.3.2). Pure."""

from __future__ import annotations

from cwmp.lab.tree import AttributeChange, DeviceTree, Held, RpcRefused
from cwmp.wire.messages import (
    Fault,
    GetParameterAttributes,
    GetParameterAttributesResponse,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterAttribute,
    ParameterInfo,
    ParameterValue,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterValuesFault,
)

LONGEST_KEY = 32
"""Characters a ParameterKey or CommandKey may have."""


def fault(refused: RpcRefused) -> Fault:
    """The refusal as the fault that goes on the wire."""
    plain = Fault.of(refused.code, refused.message)
    each = tuple(
        SetParameterValuesFault(parameter.path, parameter.code, parameter.message)
        for parameter in refused.parameters
    )
    return Fault(plain.code, plain.message, each, plain.soap_code)


def checked_key(key: str) -> str:
    """The ParameterKey or CommandKey, or `RpcRefused` 9003 when it is too long."""
    if len(key) > LONGEST_KEY:
        raise RpcRefused(9003, f"a key has at most {LONGEST_KEY} characters, this has {len(key)}")
    return key


def as_parameter_value(held: Held) -> ParameterValue:
    """A read parameter as the message carries it."""
    return ParameterValue(held.path, held.value, held.type)


def get_values(tree: DeviceTree, request: GetParameterValues) -> GetParameterValuesResponse:
    """GetParameterValues. Raises `RpcRefused` 9005."""
    found = [held for name in request.parameter_names for held in tree.values(name)]
    return GetParameterValuesResponse(tuple(as_parameter_value(held) for held in found))


def get_names(tree: DeviceTree, request: GetParameterNames) -> GetParameterNamesResponse:
    """GetParameterNames. Raises `RpcRefused` 9003 or 9005."""
    found = tree.names(request.parameter_path, request.next_level)
    return GetParameterNamesResponse(tuple(ParameterInfo(each.path, each.writable) for each in found))


def get_attributes(tree: DeviceTree, request: GetParameterAttributes) -> GetParameterAttributesResponse:
    """GetParameterAttributes. Raises `RpcRefused` 9005."""
    found = [each for name in request.parameter_names for each in tree.attributes(name)]
    return GetParameterAttributesResponse(
        tuple(ParameterAttribute(each.path, each.notification, each.access_list) for each in found)
    )


def set_attributes(tree: DeviceTree, request: SetParameterAttributes) -> SetParameterAttributesResponse:
    """SetParameterAttributes. Raises `RpcRefused` 9003, 9005 or 9009."""
    tree.set_attributes(
        [
            AttributeChange(
                each.name,
                each.notification if each.notification_change else None,
                each.access_list if each.access_list_change else None,
            )
            for each in request.parameter_list
        ]
    )
    return SetParameterAttributesResponse()
