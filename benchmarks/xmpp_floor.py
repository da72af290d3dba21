"""The least an XMPP request can cost: two bare streams through the same broker, one asking, one echoing."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl

_ID = re.compile(rb"<iq[^>]*\bid='([^']*)'")
_FROM = re.compile(rb"<iq[^>]*\bfrom='([^']*)'")
REQUEST = (
    "<connectionRequest xmlns='urn:broadband-forum-org:cwmp:xmppConnReq-1-0'><username>caller</username>"
    "<password>wake-me-up</password></connectionRequest>"
)


class Bare:
    """A stream with no more XMPP than it takes to log in with PLAIN over TLS."""

    async def log_in(
        self, port: int, domain: str, user: str, password: str, resource: str, tls: ssl.SSLContext
    ) -> None:
        head = (
            f"<?xml version='1.0'?><stream:stream to='{domain}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        await self._ask(head, b"</stream:features>")
        await self._ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", b"<proceed")
        await self.writer.start_tls(tls, server_hostname=domain)
        await self._ask(head, b"</stream:features>")
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await self._ask(
            f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>", b"<success"
        )
        await self._ask(head, b"</stream:features>")
        bind = f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>"
        await self._ask(f"<iq type='set' id='bind'>{bind}</iq>", b"</iq>")

    async def _ask(self, text: str, until: bytes) -> None:
        self.writer.write(text.encode())
        got = b""
        while until not in got:
            data = await self.reader.read(65536)
            if not data:
                raise ConnectionError(f"the broker hung up after {got[-200:]!r}")
            got += data

    async def echo(self) -> None:
        """Answer every IQ with an empty result."""
        got = b""
        while data := await self.reader.read(65536):
            got += data
            *whole, got = got.split(b"</iq>")
            for iq in whole:
                if b"type='get'" in iq and (id := _ID.search(iq)) and (sender := _FROM.search(iq)):
                    self.writer.write(b"<iq type='result' id='%s' to='%s'/>" % (id[1], sender[1]))

    async def ask_many(self, to: str, count: int, in_flight: int) -> None:
        """Send so many requests, at most `in_flight` unanswered, and wait for the last answer."""
        sent = answered = 0
        got = b""
        while answered < count:
            while sent < count and sent - answered < in_flight:
                self.writer.write(f"<iq type='get' id='i{sent}' to='{to}'>{REQUEST}</iq>".encode())
                sent += 1
            got += await self.reader.read(65536)
            answered += got.count(b"type='result'")
            got = got[-12:] if b"type='result'" not in got[-13:] else b""
