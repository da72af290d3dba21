"""Simulated CPEs: good citizens of TR-069 by default, with named bad habits where a test wants them.

Uses `wire` and `datamodel` only, so that the ACS and the CPE check each other. `tree`, `cpe`, `models` and
`dump` do no I/O; `connection`, `fleet` and `command` carry CPEs to an ACS.
"""
