"""CWMP on the wire: bytes to messages and messages to bytes, with no I/O and no clock.

`messages` has every RPC as a class, `envelope` reads and writes SOAP, `acs_session` and `cpe_session` are
the two ends of a session, `digest` is HTTP authentication for both ends, `identity` spells device ids,
`values` knows the XSD types. Whatever comes in gives an event or a `WireError`; any other exception is a bug.

Import from the modules: this file stays empty so that `messages` can be had without an XML parser.
"""
