"""Who a CPE is, and whether it is let in: credentials, digest, nonces, quarantine."""
