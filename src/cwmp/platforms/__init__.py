"""Platforms: what carries transactions to CPEs, behind one small protocol (`protocol.py`)."""
