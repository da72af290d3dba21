"""How a CPE says no: fault codes of TR-069a6 §A.5.1, with one entry a parameter where a set is refused."""

from __future__ import annotations

from dataclasses import dataclass

from cwmp.errors import CwmpError

INVALID_ARGUMENTS = 9003
OUT_OF_RESOURCES = 9004
NO_SUCH_PARAMETER = 9005
WRONG_TYPE = 9006
WRONG_VALUE = 9007
NOT_WRITABLE = 9008
NOTIFICATION_REFUSED = 9009


@dataclass(frozen=True, slots=True)
class ParameterRefusal:
    """One parameter's part of a refused SetParameterValues."""

    path: str
    code: int
    message: str


class RpcRefused(CwmpError):
    """The CPE answers an RPC with a fault (TR-069a6 §A.5.1)."""

    def __init__(self, code: int, message: str, parameters: tuple[ParameterRefusal, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.parameters = parameters
