"""Where CPEs connect: sockets, TLS, PROXY headers, and HTTP as real CPEs speak it."""
