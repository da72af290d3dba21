"""Devices, credentials and knowledge over a real store, also across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cwmp.acs.devices.registry import DeviceRecord, device_json
from cwmp.acs.errors import AmbiguousDevice, BadInput, Conflict, UnknownDevice, UnknownDeviceType
from cwmp.acs.state import State, open_state
from cwmp.desired.outcome import MASK, Learnt
from cwmp.platforms.protocol import Registration
from cwmp.wire.digest import ha1
from cwmp.wire.messages import DeviceId, Event, Inform, ParameterValue

PASSWORD = "s3cret-of-the-line"


@asynccontextmanager
async def state_in(path: Path) -> AsyncIterator[State]:
    state = await open_state(path, realm="test")
    try:
        yield state
    finally:
        await state.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work()

    asyncio.run(bounded())


def inform(
    serial: str = "1",
    *,
    oui: str = "0A0B0C",
    product_class: str = "Box",
    manufacturer: str = "Acme",
    events: tuple[str, ...] = ("2 PERIODIC",),
    url: str = "",
    version: str = "1.0",
) -> Inform:
    told = {
        "Device.DeviceInfo.SoftwareVersion": version,
        "Device.ManagementServer.ConnectionRequestURL": url or f"http://192.0.2.1/{serial}",
    }
    return Inform(
        device_id=DeviceId(manufacturer, oui, product_class, serial),
        event=tuple(Event(event) for event in events),
        max_envelopes=1,
        current_time="",
        retry_count=0,
        parameter_list=tuple(ParameterValue(name, value) for name, value in told.items()),
    )


async def come(state: State, told: Inform, *, peer: str = "192.0.2.1", now: float = 1e9) -> DeviceRecord:
    record = state.registry.informed(told, peer=peer, cwmp_version="1.2", now=now)
    await state.registry.settle(record)
    return record


def test_devices_are_known_by_their_informs_and_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            for serial in range(700):
                await come(
                    state, inform(str(serial), events=("0 BOOTSTRAP", "1 BOOT"), version=str(serial % 2))
                )
            await come(state, inform("5", version="new"), peer="192.0.2.9", now=2e9)
            await state.registry.set_tags("0A0B0C-Box-6", ("b", "a"))
        async with state_in(tmp_path) as state:
            registry = state.registry
            assert len(registry) == 700
            record = registry.find("5")
            assert record is registry.get("0A0B0C-Box-5")
            shown = device_json(record)
            assert (shown["root"], shown["software_version"], shown["address"]) == (
                "Device.",
                "new",
                "192.0.2.9",
            )
            assert shown["last_inform"] == "2033-05-18T03:33:20.000Z"
            assert shown["last_events"] == ("2 PERIODIC",)
            assert record.last_bootstrap == record.first_seen == 1e9
            page = registry.devices({"software_version": "1"}, limit=100)
            assert len(page) == 100
            rest = registry.devices({"software_version": "1"}, after=page[-1].id)
            assert len(rest) == 349 - 100
            assert [each.id for each in page + rest] == sorted(each.id for each in page + rest)
            assert [each.id for each in registry.devices({"tag": "a"})] == ["0A0B0C-Box-6"]
            assert [each.id for each in registry.devices({"serial_number": "77"})] == ["0A0B0C-Box-77"]
            assert registry.devices({"oui": "FFFFFF"}) == []
            with pytest.raises(BadInput, match="colour"):
                registry.devices({"colour": "red"})
            with pytest.raises(UnknownDevice, match="register it first"):
                registry.find("nobody")

    run(work)


def test_a_record_is_one_object_however_many_there_are(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            first = await come(state, inform("first"))
            for serial in range(3000):
                state.registry.informed(inform(str(serial)), peer="x", cwmp_version="1.0", now=1e9)
            assert state.registry.get(first.id) is first
            await state.registry.quarantine(first.id, "test")
            assert first.quarantined
            forgotten = state.registry.get("0A0B0C-Box-0")
            assert forgotten is not None and forgotten.software_version == "1.0"
            assert state.registry.devices({"flag": "quarantined"}) == [first]

    run(work)


def test_a_bootstrap_forgets_what_the_device_had_accepted(tmp_path: Path) -> None:
    async def work() -> None:
        path = "Device.ManagementServer.Password"
        async with state_in(tmp_path) as state:
            record = await come(state, inform())
            known = await state.knowledge.known(record)
            assert known.hash_secret is not None
            hashed = known.hash_secret(path, PASSWORD)
            learnt = Learnt(secret_hashes={path: hashed}, accepted_forms={"Device.X": ("1", "one")})
            await state.knowledge.learn(record, learnt)
        async with state_in(tmp_path) as state:
            record = state.registry.find("1")
            known = await state.knowledge.known(record)
            assert known.secret_hashes == {path: hashed}
            assert known.accepted_forms == {"Device.X": ("1", "one")}
            await state.knowledge.forget_secrets(record.id, "Device.Nothing.")
            assert (await state.knowledge.known(record)).secret_hashes
            await come(state, inform(events=("0 BOOTSTRAP",)))
            assert not (await state.knowledge.known(record)).secret_hashes
        async with state_in(tmp_path) as state:
            known = await state.knowledge.known(state.registry.find("1"))
            assert not known.secret_hashes and not known.accepted_forms

    run(work)


def test_types_are_known_for_all_of_a_model_and_firmware(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            record = await come(state, inform("1"))
            odd = "Device.[odd.name"
            learnt = Learnt(
                types={"Device.A.1.B": "unsignedInt", odd: "string"},
                writable={"Device.A.1.B": True, "Device.A.1.C": True, "Device.A.2.C": False},
            )
            await state.knowledge.known(record)
            await state.knowledge.learn(record, learnt)
            state.knowledge.answered(record, 50)
            state.knowledge.answered(record, 1)
            state.knowledge.limit_set(record, 20)
            assert state.knowledge.response_timeout(record) == 200
        async with state_in(tmp_path) as state:
            known = await state.knowledge.known(await come(state, inform("2")))
            assert known.types["Device.A.7.B"] == "unsignedInt"
            assert known.types[odd] == "string"
            assert known.writable.get("Device.A.7.B") is True
            assert known.writable.get("Device.A.7.C") is None
            assert known.max_set == 20
            assert state.knowledge.response_timeout(state.registry.find("2")) == 200
            other = await state.knowledge.known(await come(state, inform("3", version="2.0")))
            assert not other.types and other.max_set == 0

    run(work)


def test_changed_identities_and_repeated_serials_are_flagged_never_merged(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            old = await come(state, inform("1", oui="0a0b0c"), now=1e9)
            new = await come(state, inform("1", product_class="Box v2"), now=2e9)
            assert new.replaces == old.id and new.flags == ("identity_changed",) and old.flags == ()
            with pytest.raises(AmbiguousDevice):
                state.registry.find("1")
            # The old one comes again: then they are two.
            await come(state, inform("1", oui="0a0b0c"), now=3e9)
            assert new.flags == old.flags == ("serial_repeats",)
            foreign = await come(state, inform("1", oui="FFFFFF", manufacturer="Other"))
            assert foreign.flags == ("serial_repeats",)
            assert len(state.registry.devices({"flag": "serial_repeats"})) == 3
        async with state_in(tmp_path) as state:
            assert len(state.registry.devices({"flag": "serial_repeats"})) == 3
            await state.registry.forget("FFFFFF-Box-1")
            await state.registry.forget("0A0B0C-Box%20v2-1")
            assert state.registry.find("1").id == "0a0b0c-Box-1"

    run(work)


def test_two_that_use_one_identity_are_flagged(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            for turn in range(6):
                one = turn % 2
                record = await come(
                    state, inform(url=f"http://192.0.2.{one}/x"), peer=f"192.0.2.{one}", now=1e9 + 10 * turn
                )
            assert record.flags == ("clone",)
            await state.registry.quarantine(record.id, "looks like a clone")
            assert device_json(record)["flags"] == ("clone", "quarantined")
            await state.registry.release(record.id)
            assert record.flags == () and not record.quarantined
            # Behind changing addresses of a carrier's NAT, the same CPE keeps its URL.
            for turn in range(6):
                record = await come(state, inform("2"), peer=f"198.51.100.{turn}", now=1e9 + turn)
            assert record.flags == ()

    run(work)


def test_registering_says_what_changes_and_is_idempotent(tmp_path: Path) -> None:
    async def work() -> None:
        wanted = Registration(
            username="0A0B0C-Box-9",
            password=PASSWORD,
            connection_request_username="acs",
            connection_request_password=PASSWORD,
            tags=("b", "a", "a"),
        )
        async with state_in(tmp_path) as state:
            registry = state.registry
            check = await registry.register("0A0B0C-Box-9", wanted, check=True)
            assert check.changed and registry.get("0A0B0C-Box-9") is None
            change = await registry.register("0A0B0C-Box-9", wanted)
            assert change.fields == check.fields
            assert change.fields["tags"] == ([], ["a", "b"])
            assert change.fields["password"] == (None, MASK)
            assert change.fields["connection_request_password"] == (None, MASK)
            assert PASSWORD not in str(change)
            assert change.device is not None and change.device.registered
            assert not (await registry.register("9", wanted)).changed
            again = await registry.register("9", Registration(password="another"))
            assert again.fields == {"password": (MASK, MASK)}
            assert (await registry.register("9", Registration(quarantine=True))).fields == {
                "quarantine": (False, True)
            }
            with pytest.raises(BadInput, match="a password needs its username too"):
                await registry.register("0A0B0C-Box-8", Registration(password=PASSWORD), check=True)
            with pytest.raises(BadInput, match="password too"):
                await registry.register("9", Registration(username="someone"))
            with pytest.raises(BadInput, match="colon"):
                await registry.register("9", Registration(username="a:b", password="x"), check=True)
            with pytest.raises(BadInput, match="no device identity"):
                await registry.register("not-an-identity-at-all", Registration())
            with pytest.raises(UnknownDevice):
                await registry.register("serial", Registration())
            # It comes with the identity it was registered under.
            assert (await come(state, inform("9"))).registered
        async with state_in(tmp_path) as state:
            record = state.registry.find("9")
            assert record.registered and record.quarantined and record.tags == ("a", "b")
            assert await state.credentials.connection_request(record.id) == ("acs", PASSWORD)
            assert await state.credentials.is_current(record.id, record.id, "another")
            tx = await state.transactions.submit(record.id, "read", {}, queue=True)
            assert (await state.registry.forget("9", check=True)).changed
            assert (await state.registry.forget("9")).fields == {"device": (record.id, None)}
            assert (await state.transactions.get(tx.id)).state == "cancelled"
            assert not (await state.registry.forget("9")).changed
            assert await state.credentials.lookup(record.id) == ()
            assert await state.credentials.connection_request(record.id) is None

    run(work)


def test_a_device_is_let_in_with_what_it_has_until_it_uses_what_was_registered(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            credentials = state.credentials
            record = await come(state, inform("9"))

            async def valid() -> dict[str, str]:
                return {
                    each.username: each.state
                    for each in await credentials.of_device(record.id)
                    if each.state != "retired"
                }

            new = Registration(username="new", password=PASSWORD)
            assert (await state.registry.register("9", new)).changed
            assert not (await state.registry.register("9", new)).changed
            assert await valid() == {"new": "pending"}
            assert not await credentials.has_own(record.id)  # so shared ones still do
            assert await credentials.start_individual(record.id) == ("new", PASSWORD)
            await credentials.confirm(record.id, "new")
            assert await valid() == {"new": "current"}
            # the next pair, and another instead of it before the device was told
            for username in ("newer", "newest"):
                await state.registry.register("9", Registration(username=username, password="another"))
            assert await valid() == {"new": "current", "newest": "pending"}
            await state.registry.quarantine(record.id, "set by an operator")
            await state.registry.register("9", Registration(username="last", password="another"))
            assert await valid() == {"last": "current"}

    run(work)


def test_no_password_is_on_the_disk(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            pair = Registration(username="u", password=PASSWORD, connection_request_password=PASSWORD)
            await state.registry.register("0A0B0C-Box-9", pair)
            await state.credentials.set_type("all", {}, "shared", PASSWORD)
            _, individual = await state.credentials.start_individual("0A0B0C-Box-8")
            assert_nowhere(tmp_path, PASSWORD, individual)

    run(work)


def assert_nowhere(path: Path, *secrets: str) -> None:
    for file in path.rglob("*"):
        for secret in secrets:
            assert file.is_dir() or secret.encode() not in file.read_bytes(), file


def test_the_most_specific_device_type_wins(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            credentials = state.credentials
            for name, match in {
                "any": {},
                "acme": {"manufacturer": "Acme"},
                "box": {"manufacturer": "Acme", "product_class": "Box"},
                "lab": {"manufacturer": "Acme", "serial_prefix": "LAB"},
                "lab1": {"manufacturer": "Acme", "serial_prefix": "LAB1"},
            }.items():
                change = await credentials.set_type(
                    name, match, f"user-{name}", PASSWORD, individual=name == "box"
                )
                assert change.changed
            again = await credentials.set_type("acme", {"manufacturer": "Acme"}, "user-acme", PASSWORD)
            assert not again.changed
            assert not (
                await credentials.set_type("acme", {"manufacturer": "Acme"}, "user-acme", None)
            ).changed
            check = await credentials.set_type("acme", {"oui": "0A0B0C"}, "user-acme", "new", check=True)
            assert set(check.fields) == {"manufacturer", "oui", "password"}
            assert PASSWORD not in str(check) and "new" not in str(check.fields)
            with pytest.raises(BadInput, match="needs the password"):
                await credentials.set_type("acme", {}, "other", None)
            with pytest.raises(BadInput, match="colour"):
                await credentials.set_type("x", {"colour": "red"}, "u", "p")
        async with state_in(tmp_path) as state:
            credentials = state.credentials

            def named(manufacturer: str, product_class: str, serial: str) -> str:
                found = credentials.type_for(manufacturer, "0A0B0C", product_class, serial)
                return found.name if found is not None else ""

            assert named("Else", "Box", "1") == "any"
            assert named("Acme", "Tube", "1") == "acme"
            assert named("Acme", "Box", "1") == "box"
            assert named("Acme", "Tube", "LAB2") == "lab"
            assert named("Acme", "Box", "LAB17") == "lab1"
            assert credentials.type("box").individual
            await credentials.remove_type("lab1")
            with pytest.raises(UnknownDeviceType):
                credentials.type("lab1")
            assert await credentials.lookup("user-lab1") == ()

    run(work)


def test_shared_credentials_give_way_to_individual_ones_without_a_lock_out(tmp_path: Path) -> None:
    async def work() -> None:
        device = "0A0B0C-Box-1"
        async with state_in(tmp_path) as state:
            credentials = state.credentials
            username, password = await credentials.start_individual(device)
            assert (username, password) == await credentials.start_individual(device)
            assert not await credentials.has_own(device)
        async with state_in(tmp_path) as state:
            credentials = state.credentials
            # The answer was lost: the same pair is written again, and is valid meanwhile.
            assert (username, password) == await credentials.start_individual(device)
            found = await credentials.lookup(username)
            assert [(each.scope, each.owner, each.state) for each in found] == [("device", device, "pending")]
            assert found[0].ha1("MD5") == ha1(username, "test", password, "MD5")
            assert found[0].ha1("SHA-256-sess") == ha1(username, "test", password, "SHA-256")
            assert not await credentials.confirm(device, "shared")
            assert await credentials.confirm(device, username)
            assert not await credentials.confirm(device, username)
            assert await credentials.has_own(device)
            assert [each.state for each in await credentials.lookup(username)] == ["current"]
            # A factory reset, and an operator who lets it use the shared ones once more.
            assert await credentials.readmit(device)
            assert not await credentials.has_own(device)
            newer, other = await credentials.start_individual(device)
            assert newer != username and other != password
            assert {each.state for each in await credentials.of_device(device)} == {"pending"}
            assert await credentials.confirm(device, newer)
            states = {each.username: each.state for each in await credentials.of_device(device)}
            assert states == {username: "retired", newer: "current"}

    run(work)


def test_another_realm_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            await state.credentials.set_device("d", "u", PASSWORD)
        with pytest.raises(Conflict, match="realm 'test', not 'other'"):
            await open_state(tmp_path, realm="other")

    run(work)
