"""Both sides of XMPP connection requests over a real Prosody: two domains, restarts, refusals."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cwmp.connection_request.xmpp import Broker, BrokerConnection
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.connection_request_server import Reception
from cwmp.lab.fleet import Fleet, FleetPlan, tls_context
from cwmp.lab.running import RunningCpe
from cwmp.wire.xmpp_request import Jid, parse_jid

DEV, PROD = "dev.test", "prod.test"
ACS_PASSWORD = "acs-secret-password"


def configure(cpe: RunningCpe, prosody: Any, domain: str, password: str, **more: str) -> str:
    """Give the CPE a connection to the broker and let connection requests use it; gives the row's path."""
    tree = cpe.cpe.tree
    root = cpe.cpe.root
    rows = tree.rows(f"{root}XMPP.Connection.")
    if rows:
        row = rows[0]
    else:
        row = f"{root}XMPP.Connection.{tree.add_row(f'{root}XMPP.Connection.')}."
        server = f"{row}Server.{tree.add_row(f'{row}Server.')}."
        tree.store(
            {
                f"{server}ServerAddress": prosody.address,
                f"{server}Port": str(prosody.port),
                f"{server}Enable": "true",
            }
        )
    values = {
        "Username": cpe.cpe.identity.serial_number.lower(),
        "Password": password,
        "Domain": domain,
        "Resource": "ConnReq",
        "UseTLS": "true",
        "ServerConnectAlgorithm": "ServerTable",
        "Enable": "true",
    } | more
    tree.store({f"{row}{name}": value for name, value in values.items()})
    cpe.change(".ManagementServer.ConnReqXMPPConnection", row.rstrip("."))
    return row


def listen(cpe: RunningCpe, reception: Reception = Reception.ACCEPTED) -> list[int]:
    """Count the authentic requests that reach the CPE."""
    rings: list[int] = []

    def ring() -> Reception:
        rings.append(1)
        return reception

    cpe.ring = ring  # type: ignore[method-assign]
    return rings


def status(cpe: RunningCpe, row: str) -> str:
    return cpe.cpe.value(f"{row}Status")


@contextlib.asynccontextmanager
async def fleet(prosody: Any, count: int = 2, **plan: Any) -> AsyncIterator[Fleet]:
    """CPEs whose ACS is not there: what counts here is their XMPP side."""
    behaviour = Behaviour(tls=tls_context(prosody.authority.file), time_scale=0.01)
    made = FleetPlan(
        acs_url="http://127.0.0.1:9/",
        count=count,
        models=("tr181-gateway", "tr098-gateway"),
        connection_request_credentials=("caller", "s<cr&t>"),
        **plan,
    )
    async with Fleet(made, behaviour) as running:
        yield running


@contextlib.asynccontextmanager
async def broker(prosody: Any, folder: Path, domain: str, **more: Any) -> AsyncIterator[BrokerConnection]:
    password = folder / f"password-{domain}"
    if not password.exists():
        password.write_text(ACS_PASSWORD + "\n")
    options = {"host": prosody.address, "port": prosody.port, "ca_file": prosody.authority.file} | more
    connection = BrokerConnection(Broker(domain, f"acs@{domain}", password, **options))
    connection.start()
    try:
        yield connection
    finally:
        await connection.close()


def jid(cpe: RunningCpe) -> Jid:
    found = parse_jid(cpe.cpe.value(".ManagementServer.ConnReqJabberID"))
    assert found is not None
    return found


def test_wakes_on_both_domains_at_once_and_tells_refusals_apart(prosody, until, tmp_path) -> None:
    prosody.add_user("lab000001", DEV, "device-1")
    prosody.add_user("lab000002", PROD, "device-2")

    async def play() -> None:
        async with (
            fleet(prosody) as cpes,
            broker(prosody, tmp_path, DEV) as dev,
            broker(prosody, tmp_path, PROD) as prod,
        ):
            one, two = cpes
            row = configure(one, prosody, DEV, "device-1")
            other = configure(two, prosody, PROD, "device-2")
            assert (one.cpe.root, two.cpe.root) == ("Device.", "InternetGatewayDevice.")
            assert status(one, row) == "Connecting"
            await until(lambda: status(one, row) == status(two, other) == "Enabled", "both are logged in")
            assert one.cpe.value(f"{row}TLSEstablished") == "true"
            assert one.cpe.value(f"{row}LastChangeDate") > "2020"
            assert jid(one).full == "lab000001@dev.test/ConnReq" == one.cpe.value(f"{row}JabberID")
            rings, others = listen(one), listen(two)
            answers = await asyncio.gather(
                dev.request(jid(one), "caller", "s<cr&t>", seconds=5),
                prod.request(jid(two), "caller", "s<cr&t>", seconds=5),
            )
            assert [each.word for each in answers] == ["accepted", "accepted"]
            assert len(rings) == len(others) == 1
            listen(one, Reception.BUSY)
            again = await dev.request(jid(one), "caller", "s<cr&t>", seconds=5)
            assert again.word == "busy"
            wrong = await dev.request(jid(one), "caller", "wrong", seconds=5)
            assert wrong.word == "wrong_credentials"

            nobody = Jid("nobody", DEV, "ConnReq")
            asleep = await dev.request(nobody, "caller", "x", seconds=5)
            assert asleep.word == "unavailable" and "all three" in asleep.detail

            one.change(".ManagementServer.ConnReqAllowedJabberIDs", f"acs@{PROD}, other@{DEV}")
            assert (await dev.request(jid(one), "caller", "s<cr&t>", seconds=5)).word == "unavailable"
            one.change(".ManagementServer.ConnReqAllowedJabberIDs", f"other@{DEV},ACS@{DEV}")
            assert (await dev.request(jid(one), "caller", "wrong", seconds=5)).word == "wrong_credentials"

            one.go_offline()
            await until(lambda: "lab000001" in prosody.log(), "Prosody saw it")
            assert await gone(dev, jid(one)) == "unavailable"
            one.come_back()
            await until(lambda: status(one, row) == "Enabled", "it is back")
            assert (await dev.request(jid(one), "caller", "wrong", seconds=5)).word == "wrong_credentials"

            one.change(f"{row}Enable", "false")
            assert status(one, row) == "Disabled" and one.cpe.value(f"{row}TLSEstablished") == "false"
            assert one.cpe.value(".ManagementServer.ConnReqJabberID") == ""

    asyncio.run(play())


async def gone(connection: BrokerConnection, device: Jid) -> str:
    """The answer once the broker has noticed that the device is gone."""
    for _ in range(50):
        answer = await connection.request(device, "caller", "wrong", seconds=1)
        if answer.word == "unavailable":
            break
        await asyncio.sleep(0.1)
    return answer.word


def test_a_broker_that_restarts_gets_nothing_late(prosody, until, tmp_path) -> None:
    prosody.add_user("lab000001", DEV, "device-1")

    async def play() -> None:
        async with fleet(prosody, 1) as cpes, broker(prosody, tmp_path, DEV) as dev:
            (cpe,) = cpes
            row = configure(cpe, prosody, DEV, "device-1")
            await until(lambda: status(cpe, row) == "Enabled" and dev.connected, "both are logged in")
            device = jid(cpe)
            rings = listen(cpe)

            # Frozen: what is sent now stays in the socket, unanswered.
            prosody.child.send_signal(signal.SIGSTOP)
            waiting = asyncio.create_task(dev.request(device, "caller", "s<cr&t>", seconds=30))
            await asyncio.sleep(0.2)
            prosody.child.send_signal(signal.SIGKILL)
            prosody.stop()
            lost = await waiting
            assert lost.word == "no_answer" and "broke" in lost.detail

            late = await dev.request(device, "caller", "s<cr&t>", seconds=0.2)
            assert late.word == "broker_down" and not dev.connected
            await until(lambda: status(cpe, row) == "ServerNotPresent", "the device says so")
            assert cpe.cpe.value(f"{row}TLSEstablished") == "false"
            assert jid(cpe) == device  # it stays: it proves nothing

            prosody.start()
            await until(lambda: dev.connected, "the ACS is back", 15)
            await until(lambda: status(cpe, row) == "Enabled", "the device is back", 15)
            assert dev.logins == 2
            await asyncio.sleep(0.3)
            assert not rings, "a request of before the restart came late"
            # One that meets a connection just coming back waits a little for it.
            assert (await dev.request(device, "caller", "s<cr&t>", seconds=5)).word == "accepted"
            assert len(rings) == 1

    asyncio.run(play())


def test_passwords_that_are_wrong(prosody, until, tmp_path) -> None:
    prosody.add_user("lab000001", DEV, "device-1")
    (tmp_path / f"password-{DEV}").write_text("wrong")

    async def play() -> None:
        async with fleet(prosody, 1) as cpes, broker(prosody, tmp_path, DEV) as dev:
            (cpe,) = cpes
            row = configure(cpe, prosody, DEV, "wrong")
            await until(lambda: status(cpe, row) == "Error_AuthenticationFailure", "the device says so")
            assert cpe.cpe.value(".ManagementServer.ConnReqJabberID") == ""
            cpe.change(f"{row}Password", "device-1")
            await until(lambda: status(cpe, row) == "Enabled", "the right one helps")

            answer = await dev.request(jid(cpe), "caller", "s<cr&t>", seconds=1)
            assert answer.word == "broker_down" and "refuses the account or its password" in answer.detail
            assert ACS_PASSWORD not in answer.detail

            cpe.change(f"{row}Domain", "")
            await until(lambda: status(cpe, row) == "Error_Misconfigured", "no domain")
            cpe.change(f"{row}Domain", DEV)
            cpe.change(f"{row}UseTLS", "false")
            await until(lambda: status(cpe, row) == "Error_Misconfigured", "the broker wants TLS")

    asyncio.run(play())


def test_certificates_that_are_wrong(prosody, until, tmp_path) -> None:
    """Of another CA; or of another name than the JID's domain."""
    prosody.add_user("lab000001", DEV, "device-1")

    async def play() -> None:
        async with fleet(prosody, 1) as cpes, broker(prosody, tmp_path, DEV, ca_file=None) as dev:
            (cpe,) = cpes
            cpe.behaviour.tls = tls_context()
            row = configure(cpe, prosody, DEV, "device-1")
            answer = await dev.request(Jid("x", DEV, "ConnReq"), "caller", "x", seconds=1)
            assert answer.word == "broker_down" and "certificate is not trusted" in answer.detail
            await until(lambda: status(cpe, row) == "Error", "the device does not trust it either")
        async with broker(prosody, tmp_path, "false.test") as false:
            answer = await false.request(Jid("x", "false.test", "ConnReq"), "caller", "x", seconds=1)
            assert answer.word == "broker_down" and "mismatch" in answer.detail

    asyncio.run(play())


@pytest.fixture
def plain_server(tmp_path):
    """A man in the middle: an XMPP server that offers a login but no TLS, and keeps what it is sent."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(65536))
        writer.write(
            b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1' "
            b"xmlns='jabber:client' version='1.0' from='dev.test'><stream:features>"
            b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
            b"<mechanism>SCRAM-SHA-1</mechanism><mechanism>ANONYMOUS</mechanism></mechanisms>"
            b"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"
        )
        while data := await reader.read(65536):
            got.append(data)
            if b"<iq" in data:
                writer.write(
                    b"<iq type='result' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                    b"<jid>acs@dev.test/x</jid></bind></iq>" % data.split(b'id="')[1].split(b'"')[0]
                )

    return got, serve


def test_nothing_is_told_to_a_server_without_tls(plain_server, tmp_path) -> None:
    got, serve = plain_server

    async def play() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        password = tmp_path / "password"
        password.write_text(ACS_PASSWORD)
        port = server.sockets[0].getsockname()[1]
        connection = BrokerConnection(Broker(DEV, f"acs@{DEV}", password, "127.0.0.1", port))
        connection.start()
        answer = await connection.request(Jid("a", DEV, "b"), "caller", "secret", seconds=1)
        await connection.close()
        server.close()
        assert answer.word == "broker_down" and "TLS" in answer.detail
        assert b"auth" not in b"".join(got) and b"secret" not in b"".join(got)

    asyncio.run(play())


def test_whoever_answers_does_not_say_where_to_dial(tmp_path) -> None:
    """see-other-host before TLS would let anybody on the way choose what the ACS connects to."""
    dialled: list[int] = []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.append(1)

    async def play() -> None:
        elsewhere = await asyncio.start_server(other, "127.0.0.1", 0)
        target = elsewhere.sockets[0].getsockname()[1]

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(
                b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1' "
                b"xmlns='jabber:client' version='1.0' from='dev.test'><stream:error><see-other-host "
                b"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>127.0.0.1:%d</see-other-host></stream:error>"
                % target
            )
            await reader.read(65536)
            await asyncio.sleep(0.1)
            writer.close()

        server = await asyncio.start_server(redirect, "127.0.0.1", 0)
        password = tmp_path / "password"
        password.write_text(ACS_PASSWORD)
        port = server.sockets[0].getsockname()[1]
        connection = BrokerConnection(Broker(DEV, f"acs@{DEV}", password, "127.0.0.1", port))
        connection.start()
        answer = await connection.request(Jid("a", DEV, "b"), "caller", "secret", seconds=1)
        await connection.close()
        assert answer.word == "broker_down" and "see-other-host" in answer.detail
        assert not dialled

    asyncio.run(play())
