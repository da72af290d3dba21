"""CPU of ansible-playbook for one host of one `cpeops.cwmp.parameters` task, beside a no-op action.

Real ACS, real simulated CPEs that already hold what is asked. Counted is ansible-playbook with its forked
workers; the ACS and the CPEs are other processes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks import servers
from benchmarks.table import Row

HOSTS = 100
TASKS = 4
TURNS = 3
HERE = Path(__file__).parent
REPOSITORY = HERE.parent
PARAMETERS = {
    "cpeops.cwmp.parameters": {
        "set": {
            ".ManagementServer.PeriodicInformEnable": True,
            ".ManagementServer.PeriodicInformInterval": 1800,
            ".ManagementServer.CWMPRetryMinimumWaitInterval": 7,
            ".DeviceInfo.ProvisioningCode": "residential",
            ".Time.NTPServer1": "ntp.example.net",
        }
    }
}


def _cpu_of(playbook: Path, inventory: Path, environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, playbook],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{playbook.name} failed: {(done.stdout + done.stderr)[-3000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _play(folder: Path, name: str, tasks: list[dict[str, object]]) -> Path:
    path = folder / f"{name}.yml"
    path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    return path


def rows() -> list[Row]:
    """CPU milliseconds a host and task, the no-op as floor."""
    with tempfile.TemporaryDirectory(prefix="cwmp-bench-") as name, servers.acs() as running:
        folder = Path(name)
        with servers.lab(running, HOSTS) as devices:
            inventory = folder / "inventory.yml"
            shared = {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            }
            hosts = dict.fromkeys(devices)
            inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
            environment = {
                **os.environ,
                "CWMP_URL": running.api,
                "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
                "ANSIBLE_ACTION_PLUGINS": str(HERE / "ansible/action_plugins"),
                "ANSIBLE_LIBRARY": str(HERE / "ansible/library"),
                "ANSIBLE_FORKS": "5",
            }
            nothing = {"no_op": {}}
            base = _play(folder, "base", [nothing])
            floor = _play(folder, "floor", [nothing] * (1 + TASKS))
            ours = _play(folder, "ours", [nothing, *[PARAMETERS] * TASKS])
            _cpu_of(ours, inventory, environment)
            best = {}
            for playbook in (base, floor, ours):
                best[playbook.stem] = min(_cpu_of(playbook, inventory, environment) for _ in range(TURNS))
    per_host = 1000 / (HOSTS * TASKS)
    floor_ms = (best["floor"] - best["base"]) * per_host
    ours_ms = (best["ours"] - best["base"]) * per_host
    return [
        Row(
            "Ansible: one task, one host", ours_ms, "CPU ms", floor_ms, "<= 1.15 x floor",
            f"{ours_ms / floor_ms:.2f} x a no-op action, {HOSTS} hosts",
        )
    ]  # fmt: skip
