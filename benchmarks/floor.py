"""The floor under an ACS: uvicorn's bare ASGI answering constant bytes, no parsing, no state.

`python -m benchmarks.floor PORT N`: per connection, N-1 answers with a body, then one 204.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

BODY = (
    b'<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" '
    b'xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><soap-env:Header>'
    b'<cwmp:ID soap-env:mustUnderstand="1">1</cwmp:ID>'
    b"</soap-env:Header><soap-env:Body><cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes>"
    b"</cwmp:InformResponse></soap-env:Body></soap-env:Envelope>"
)
FULL = [
    (b"content-type", b"text/xml; charset=utf-8"),
    (b"content-length", str(len(BODY)).encode()),
    (b"set-cookie", b"session=0a1b2c3d4e5f60718293a4b5c6d7e8f9; HttpOnly"),
]


class Floor:
    """Counts the requests of a connection, as the session state of a real ACS would."""

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.seen: dict[Any, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        seen = self.seen.get(scope["client"], 0) + 1
        if seen < self.answers:
            self.seen[scope["client"]] = seen
            await send({"type": "http.response.start", "status": 200, "headers": FULL})
            await send({"type": "http.response.body", "body": BODY})
        else:
            self.seen.pop(scope["client"], None)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(
        Floor(int(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        date_header=False,
    )
