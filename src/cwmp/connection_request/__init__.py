"""Waking a CPE: one file per method, each a coroutine that says how the device answered (TR-069a6 §3.2.2)."""
