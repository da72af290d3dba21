"""Desired state, plan and convergence: what a CPE should be, against what it is.

Everything here is pure. A procedure (`procedure.py`) yields the CWMP requests it wants answered and is
sent the answers, so the same algorithm runs inside an ACS session, over another platform's API, and in
a test without any network.
"""
