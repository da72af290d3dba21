"""Many simulated CPEs in one process, sharing base trees and one listener for connection requests."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from cwmp.errors import CwmpError
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.connection_request_server import ConnectionRequestServer, Doorbell
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.models import DeviceModel, load_model
from cwmp.lab.running import RunningCpe
from cwmp.wire.identity import device_id_of
from cwmp.wire.messages import DeviceId

MANUFACTURER = "Lab"
OUI = "0A0B0C"
"""Second bit of the first octet set: a locally administered number, nobody's OUI."""
PRODUCT_CLASS = "LabGateway"
GOODBYE_SECONDS = 5.0

Credentials = tuple[str, str]


class FleetTimeout(CwmpError):
    """What was waited for did not happen in time."""


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Which CPEs a fleet has.

    models: names or dump files (`cwmp.lab.models.load_model`) or models; the CPEs take them in turn.
    serial_prefix, first: serial numbers are the prefix and six digits counting from `first`.
    credentials: what the CPEs present to the ACS, one pair for all or a pair by identity.
    connection_request_credentials: likewise what they want to hear; an empty password lets everybody in.
    factory: values every CPE has from the factory (paths may begin with a dot).
    start_rate: CPEs that are switched on each second.
    """

    acs_url: str
    count: int = 1
    models: Sequence[str | Path | DeviceModel] = ("tr181-gateway",)
    serial_prefix: str = "LAB"
    first: int = 1
    credentials: Credentials | Callable[[DeviceId], Credentials] = ("", "")
    connection_request_credentials: Credentials | Callable[[DeviceId], Credentials] = ("", "")
    factory: Mapping[str, str] = field(default_factory=dict)
    habits: Iterable[str] = ()
    host: str = "127.0.0.1"
    port: int = 0
    start_rate: float = 200.0


def tls_context(
    ca_file: Path | str | None = None,
    *,
    insecure: bool = False,
    certificate: tuple[str, str] | None = None,
) -> ssl.SSLContext:
    """How the CPEs judge the ACS's certificate: system or given CAs, nothing at all if `insecure`.

    certificate: files of the CPEs' own certificate and key. Raises `CwmpError` for unreadable files.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        if certificate is not None:
            context.load_cert_chain(*certificate)
    except (OSError, ssl.SSLError) as error:
        raise CwmpError(
            f"the CA or certificate file cannot be used: {error.strerror or error} ({ca_file or certificate})"
        ) from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Fleet:
    """Simulated CPEs at work while the ``async with`` block runs.

        async with Fleet(FleetPlan(url, count=12)) as fleet:
            await fleet.wait_informed()
            fleet.cpes[0].change(".DeviceInfo.ProvisioningCode", "by hand")

    `behaviour` is every CPE's own copy at the start; change a CPE's `behaviour` to make it differ.
    """

    def __init__(self, plan: FleetPlan, behaviour: Behaviour | None = None) -> None:
        self.plan = plan
        self.cpes: list[RunningCpe] = []
        self._behaviour = behaviour or Behaviour()
        self._listener = ConnectionRequestServer(plan.host, plan.port)
        self._watchers: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> Fleet:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # ---- life

    async def start(self) -> None:
        """Switch on all CPEs. Raises `CwmpError` for an unknown model or habit or an address in use."""
        models = [
            model if isinstance(model, DeviceModel) else load_model(str(model)) for model in self.plan.models
        ]
        try:
            await self._listener.start()
        except OSError as error:
            raise CwmpError(
                f"no connection requests can be taken at {self.plan.host}:{self.plan.port}: {error.strerror}"
            ) from None
        try:
            for index in range(self.plan.count):
                self.cpes.append(self._make(models[index % len(models)], self.plan.first + index))
        except BaseException:
            await self._listener.close()
            raise
        for index, cpe in enumerate(self.cpes):
            cpe.start(index / self.plan.start_rate)

    async def stop(self, grace: float = GOODBYE_SECONDS) -> None:
        """Switch off all CPEs; sessions under way have `grace` seconds to end."""
        await asyncio.gather(*(cpe.stop(grace) for cpe in self.cpes))
        await self._listener.close()
        self._notify()

    def _make(self, model: DeviceModel, number: int) -> RunningCpe:
        plan = self.plan
        serial_number = f"{plan.serial_prefix}{number:06}"
        named = model.identity(serial_number)
        identity = DeviceId(
            named.manufacturer or MANUFACTURER,
            named.oui if re.fullmatch(r"[0-9A-F]{6}", named.oui) else OUI,
            named.product_class or PRODUCT_CLASS,
            serial_number,
        )
        username, password = _pair(plan.credentials, identity)
        caller, secret = _pair(plan.connection_request_credentials, identity)
        doorbell = Doorbell()
        factory = {
            **model.factory(serial_number),
            ".ManagementServer.URL": plan.acs_url,
            ".ManagementServer.Username": username,
            ".ManagementServer.Password": password,
            ".ManagementServer.ConnectionRequestURL": self._listener.register(doorbell),
            ".ManagementServer.ConnectionRequestUsername": caller,
            ".ManagementServer.ConnectionRequestPassword": secret,
        }
        simulated = SimulatedCpe(
            model.base, identity=identity, factory={**factory, **plan.factory}, habit_names=plan.habits
        )
        behaviour = Behaviour(**{name: getattr(self._behaviour, name) for name in Behaviour.__slots__})
        cpe = RunningCpe(simulated, device_id_of(identity), behaviour, changed=self._notify)
        doorbell.cpe = cpe
        return cpe

    # ---- asking

    def __iter__(self) -> Iterator[RunningCpe]:
        return iter(self.cpes)

    def cpe(self, name: str) -> RunningCpe:
        """The CPE of this identity or serial number. Raises `CwmpError`."""
        for cpe in self.cpes:
            if name in (cpe.id, cpe.cpe.identity.serial_number):
                return cpe
        raise CwmpError(
            f"there is no simulated CPE {name!r}: `cwmp lab list` shows those that run"
            if self.cpes
            else f"there is no simulated CPE {name!r}: none runs"
        )

    @property
    def informed(self) -> int:
        """CPEs whose Inform the ACS has answered at least once."""
        return sum(cpe.informs > 0 for cpe in self.cpes)

    async def wait_informed(self, count: int | None = None, *, within: float = 60.0) -> None:
        """Until so many CPEs (all, when None) have informed. Raises `FleetTimeout` with the reason."""
        wanted = len(self.cpes) if count is None else count

        def why() -> str:
            errors = [str(cpe.last_error) for cpe in self.cpes if cpe.last_error is not None]
            return f"{self.informed} of {wanted} CPEs have informed" + (f": {errors[-1]}" if errors else "")

        await self.wait_for(lambda: self.informed >= wanted, within=within, what=why)

    async def wait_for(
        self, condition: Callable[[], Any], *, within: float = 30.0, what: str | Callable[[], str] = ""
    ) -> None:
        """Until `condition` is true, looked at whenever a CPE did something. Raises `FleetTimeout`."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    watcher = asyncio.get_running_loop().create_future()
                    self._watchers.add(watcher)
                    try:
                        await watcher
                    finally:
                        self._watchers.discard(watcher)
        except TimeoutError:
            text = what() if callable(what) else what
            raise FleetTimeout(f"not within {within:g} s: {text or 'what was waited for'}") from None

    def _notify(self) -> None:
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)

    # ---- changes by hand, as the control socket brings them

    def handle(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request of `cwmp.lab.control`. Raises `CwmpError` for what cannot be done."""
        if request.get("devices"):
            return {"devices": [_told(cpe) for cpe in self.cpes]}
        cpe = self.cpe(str(request.get("device", "")))
        wanted = request.get("set", {})
        asked = request.get("get", [])
        if not isinstance(wanted, Mapping) or not isinstance(asked, list):
            raise CwmpError('"set" has to be a mapping and "get" a list of parameter paths')
        for path, value in wanted.items():
            cpe.change(str(path), str(value))
        if request.get("inform"):
            cpe.inform()
        return {"device": cpe.id, "values": {str(path): cpe.cpe.value(str(path)) for path in asked}}


def _pair(given: Credentials | Callable[[DeviceId], Credentials], identity: DeviceId) -> Credentials:
    return given(identity) if callable(given) else given


def _told(cpe: RunningCpe) -> dict[str, Any]:
    return {
        "id": cpe.id,
        "root": cpe.cpe.root,
        "informs": cpe.informs,
        "sessions": cpe.sessions,
        "failures": cpe.failures,
        "online": cpe.reachable,
        "last_error": str(cpe.last_error or ""),
    }
