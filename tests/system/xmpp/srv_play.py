"""Played in a network namespace: Prosody on an odd port that only SRV records tell, and dnsmasq."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from prosody import ACS_PASSWORD, DEV, PROD, Prosody  # type: ignore[import-not-found]

from cwmp.connection_request.xmpp import Broker, BrokerConnection
from cwmp.lab.xmpp_login import CpeStream
from cwmp.lab.xmpp_settings import XmppSettings
from cwmp.wire.xmpp_request import Jid


def records(port: int) -> list[str]:
    return [
        # The better one is down; DEV's certificate counts, whatever host SRV names.
        f"--srv-host=_xmpp-client._tcp.{DEV},down.xmpp.test,9,1,10",
        f"--srv-host=_xmpp-client._tcp.{DEV},up.xmpp.test,{port},2,10",
        # Whoever owns the DNS can send a domain's users anywhere, but has no certificate of that domain.
        f"--srv-host=_xmpp-client._tcp.other.test,up.xmpp.test,{port},1,10",
        "--host-record=down.xmpp.test,127.0.0.2",
        "--host-record=up.xmpp.test,127.0.0.1",
        f"--host-record={PROD},127.0.0.1",
    ]


async def play(prosody: Prosody, plain: Prosody) -> None:
    password = prosody.folder / "acs-password"
    password.write_text(ACS_PASSWORD)
    for domain in (DEV, PROD, "other.test"):
        authority = plain.authority if domain == PROD else prosody.authority
        broker = Broker(domain, f"acs@{domain}", password, ca_file=authority.file)
        connection = BrokerConnection(broker)
        connection.start()
        try:
            answer = await connection.request(Jid("nobody", domain, "ConnReq"), "u", "p", seconds=2)
            print(domain, answer.word, answer.detail)
        finally:
            await connection.close()
    settings = XmppSettings(
        username="acs", password=ACS_PASSWORD, domain=DEV, resource="ConnReq", use_tls=True,
        algorithm="DNS-SRV", servers=(), keep_alive=0, retry_first=1, retry_multiplier=2000,
        retry_longest=2, for_requests=True,
    )  # fmt: skip
    ((host, port),) = settings.addresses()
    stream = CpeStream(
        settings, ssl.create_default_context(cafile=str(prosody.authority.file)), lambda _: None
    )
    await stream.log_in(host, port, 10)
    print("device", stream.boundjid)
    stream.end()


def main() -> None:
    dnsmasq = shutil.which("dnsmasq")
    assert dnsmasq
    # PROD has no SRV record: it is found by its address at the port everybody knows.
    first, second = Prosody(), Prosody(port=5222)
    resolver = subprocess.Popen(
        [dnsmasq, "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
         "--bind-interfaces", "--user=root", "--pid-file=", "--local=/test/", *records(first.port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for server in (first, second):
            server.start()
        asyncio.run(play(first, second))
    finally:
        resolver.terminate()
        resolver.wait()
        first.close()
        second.close()


main()
