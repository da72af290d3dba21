"""Manage CPE fleets over TR-069: the engine behind cpeops.cwmp (Ansible), nornir_cwmp and ``cwmp``.

Importing this package loads nothing heavy: an Ansible worker pays for what it uses only.
"""

__version__ = "0.1.0"
