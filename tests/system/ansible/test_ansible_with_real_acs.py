"""Playbooks against the real ACS and simulated CPEs of both data models."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Playing = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "inventories" / "lab"
HOSTS = {f"cpe{number:02}" for number in range(1, 13)}
SECRET = "Gz5-nobody-may-see&this<"


def test_site_playbook_from_first_run_to_drift(playing: Playing, lab: Any) -> None:
    before = playing("cpeops.cwmp.site", LAB, "--check", "--diff", **lab.variables)
    assert before.code == 0 and before.changed == HOSTS, before.output

    first = playing("cpeops.cwmp.site", LAB, "--diff", "-vvv", **lab.variables)
    assert first.code == 0 and first.changed == HOSTS, first.output
    assert len(first.outcomes) <= 3 * len(HOSTS), "at most three tasks a host, validation included"
    for host in HOSTS:
        outcome = first.of(host)
        planned = {
            path for path, verdict in before.of(host).result["verdicts"].items() if verdict == "planned"
        }
        assert planned == set(outcome.result["verdicts"]), "check mode foretold exactly what was changed"
        assert set(outcome.result["verdicts"].values()) == {"applied"}
        assert f"Lab {host}" in outcome.result["diff"]["after"]
    assert first.of("cpe01").result["root"] == "Device."
    assert first.of("cpe02").result["root"] == "InternetGatewayDevice."
    assert lab.password not in first.output

    second = playing("cpeops.cwmp.site", LAB, "--diff", **lab.variables)
    assert second.code == 0 and second.changed == set(), second.output

    lab.change("LAB000005", ManagementServer__PeriodicInformInterval="86400")
    drift = playing("cpeops.cwmp.site", LAB, "--check", "--diff", **lab.variables)
    assert drift.code == 0 and drift.changed == {"cpe05"}, drift.output
    assert list(drift.of("cpe05").result["verdicts"]) == ["Device.ManagementServer.PeriodicInformInterval"]
    mended = playing("cpeops.cwmp.site", LAB, "--limit", "cpe05", **lab.variables)
    assert mended.changed == {"cpe05"}


def test_role_by_itself_and_its_inputs(playing: Playing, lab: Any) -> None:
    play = """
    - hosts: cpe07,cpe08,cpe09
      gather_facts: false
      roles: [cpeops.cwmp.management]
    """
    options = ("-e", "management_periodic_inform_interval=1200")
    first = playing(play, LAB, *options, **lab.variables)
    assert first.code == 0 and first.changed == {"cpe07", "cpe08", "cpe09"}, first.output
    assert not playing(play, LAB, *options, **lab.variables).changed
    wrong = playing(play, LAB, "-e", "management_periodic_inform_interval=soon", **lab.variables)
    assert wrong.failed == {"cpe07", "cpe08", "cpe09"}
    assert "management_periodic_inform_interval" in wrong.of("cpe07").msg
    foreign = playing(play, LAB, "-e", "management_url=http://elsewhere.example/", **lab.variables)
    assert foreign.failed == {"cpe07", "cpe08", "cpe09"} and not foreign.changed
    assert "http://elsewhere.example/" in foreign.of("cpe08").msg


WRONG = """
- hosts: cpe01,cpe02
  gather_facts: false
  ignore_errors: true
  vars: {cwmp_timeout: 2}
  tasks:
    - name: read-only
      cpeops.cwmp.parameters: {set: {.DeviceInfo.SoftwareVersion: "9.9"}}
    - name: no such parameter
      cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformIntervall: 60}}
    - name: strictly no such parameter
      cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformIntervall: 60}, strict: true}
    - name: no number
      cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformInterval: soon}}
    - name: quote it
      cpeops.cwmp.parameters: {set: {.ManagementServer.Username: 012345}}
    - name: refused by the device
      cpeops.cwmp.parameters:
        set: "{{ {'Device.': {'.WiFi.Radio.1.OperatingFrequencyBand': '99GHz'},
                  'InternetGatewayDevice.': {'.Time.LocalTimeZone': 'nowhere'}}[root] }}"
      vars: {root: "{{ 'Device.' if inventory_hostname == 'cpe01' else 'InternetGatewayDevice.' }}"}
    - name: unknown device
      cpeops.cwmp.parameters: {set: {.ManagementServer.Password: "{{ secret }}"}, device: nobody}
    - name: both roots
      cpeops.cwmp.parameters: {set: {Device.Time.Enable: true, InternetGatewayDevice.Time.Enable: true}}
    - name: row found by a secret
      cpeops.cwmp.converge:
        instances: [{table: .Users.User., match: {Password: "{{ secret }}"}}]
    - name: offline
      cpeops.cwmp.parameters:
        {set: {.ManagementServer.Password: "{{ secret }}"}, device: 0A0B0C-Ghost-GHOST1}
    - name: offline, not to be woken
      cpeops.cwmp.connection_request: {device: 0A0B0C-Ghost-GHOST1}
"""
WRONG_SAYS = {
    "read-only": "read-only",
    "no such parameter": "did you mean",
    "strictly no such parameter": "did you mean",
    "no number": "whole number",
    "quote it": "quotes",
    "refused by the device": "",
    "unknown device": "nobody",
    "both roots": "root",
    "row found by a secret": "Password",
    "offline": "Ghost",
    "offline, not to be woken": "Ghost",
}


def test_wrong_input_is_a_sentence_and_changes_nothing(playing: Playing, lab: Any) -> None:
    ghost = """
    - hosts: cpe01
      gather_facts: false
      tasks:
        - cpeops.cwmp.device: {device: 0A0B0C-Ghost-GHOST1, username: ghost, password: "{{ secret }}"}
    """
    secret = {"ANSIBLE_SECRET": SECRET}
    extra = ("-e", "secret={{ lookup('ansible.builtin.env', 'ANSIBLE_SECRET') }}", "-vvv", "--diff")
    assert playing(ghost, LAB, *extra, **lab.variables, **secret).changed == {"cpe01"}
    assert not playing(ghost, LAB, *extra, **lab.variables, **secret).changed

    run = playing(WRONG, LAB, *extra, **lab.variables, **secret)
    assert run.code == 0 and not run.changed, run.output
    assert "Traceback" not in run.output
    for task, says in WRONG_SAYS.items():
        outcomes = [one for one in run.outcomes if one.task == task]
        assert {one.host for one in outcomes} == {"cpe01", "cpe02"}
        for one in outcomes:
            if task == "refused by the device" and one.host == "cpe02":
                continue  # what a TR-098 device takes for a time zone is its own business
            assert one.status == "failed" and not one.changed, f"{task} on {one.host}: {one.result}"
            assert says in one.msg and one.msg.startswith(one.host) and "\n" not in one.msg, one.msg
    for text in (run.output, *(str(one.result) for one in run.outcomes)):
        assert SECRET not in text and "nobody-may-see" not in text


WHOLE = """
- hosts: cpe03,cpe04
  gather_facts: false
  module_defaults:
    group/cpeops.cwmp.all: {timeout: 30, connection_request: http}
  tasks:
    - name: Facts
      cpeops.cwmp.device_facts:
    - name: Wake
      cpeops.cwmp.connection_request:
    - name: Read
      cpeops.cwmp.parameters_info: {paths: [.ManagementServer., .Nothing.Here], names: true}
    - name: Tag
      cpeops.cwmp.device: {tags: [lab, canary]}
    - name: Submit
      cpeops.cwmp.parameters: {set: {.Time.NTPServer1: "ntp-{{ inventory_hostname }}.example"}, wait: false}
      register: submitted
    - name: Collect
      cpeops.cwmp.transaction: {id: "{{ submitted.transaction }}"}
    - name: Look
      cpeops.cwmp.transaction_info: {id: "{{ submitted.transaction }}"}
    - name: Notification
      cpeops.cwmp.converge: {attributes: [{path: .ManagementServer.PeriodicInformInterval, notification: 1}]}
    - name: Row
      cpeops.cwmp.converge:
        instances:
          - table: .Users.User.
            match: {Username: alice}
            set: {Enable: true, Password: "{{ secret }}"}
      when: ansible_facts.cwmp.root == 'Device.'
"""


def test_every_module_twice(playing: Playing, lab: Any) -> None:
    extra = ("-e", "secret={{ lookup('ansible.builtin.env', 'ANSIBLE_SECRET') }}", "-vvv", "--diff")
    first, second = (playing(WHOLE, LAB, *extra, **lab.variables, ANSIBLE_SECRET=SECRET) for _ in range(2))
    for run in (first, second):
        assert run.code == 0, run.output
        assert SECRET not in run.output and "nobody-may-see" not in run.output
    changed = {one.task for one in first.outcomes if one.changed and one.host == "cpe03"}
    assert changed == {"Tag", "Collect", "Notification", "Row"}
    assert not second.changed
    for host, root in (("cpe03", "Device."), ("cpe04", "InternetGatewayDevice.")):
        facts = first.of(host, "Facts").result["ansible_facts"]["cwmp"]
        assert facts["root"] == root and facts["manufacturer"] == "Lab"
        assert first.of(host, "Wake").result["informed"] is True
        read = first.of(host, "Read").result
        assert isinstance(read["relative"][".ManagementServer.PeriodicInformInterval"], int)
        assert read["parameters"][f"{root}ManagementServer.URL"] == lab.url
        assert read["missing"], "what the device does not have is listed"
        assert any(one["writable"] for one in read["details"])
        assert first.of(host, "Look").result["over"] is True
        assert not first.of(host, "Submit").changed


def test_device_type(playing: Playing, lab: Any) -> None:
    play = """
    - hosts: cpe01
      gather_facts: false
      module_defaults: {cpeops.cwmp.device: {device_type: acme}}
      tasks:
        - name: Type
          cpeops.cwmp.device:
            {username: factory, password: "{{ secret }}", match: {oui: 0A0B0C, serial_prefix: ACME}}
        - name: Type again
          cpeops.cwmp.device: {username: factory, match: {oui: 0A0B0C, serial_prefix: ACME}}
        - {name: Not of a type, cpeops.cwmp.device: {username: factory, tags: [a]}, ignore_errors: true}
        - {name: Gone, cpeops.cwmp.device: {state: absent}}
        - {name: Gone again, cpeops.cwmp.device: {state: absent}}
    """
    extra = ("-e", "secret={{ lookup('ansible.builtin.env', 'ANSIBLE_SECRET') }}", "-vvv", "--diff")
    check = playing(play, LAB, "--check", *extra, **lab.variables, ANSIBLE_SECRET=SECRET)
    assert check.of("cpe01", "Type").status, check.output
    run = playing(play, LAB, *extra, **lab.variables, ANSIBLE_SECRET=SECRET)
    assert run.code == 0 and SECRET not in run.output, run.output
    assert [one.changed for one in run.outcomes] == [True, False, False, True, False]
    assert "'tags'" in run.of("cpe01", "Not of a type").msg


def test_forgetting_an_unknown_device_is_ok(playing: Playing, lab: Any) -> None:
    play = """
    - hosts: cpe01
      gather_facts: false
      tasks: [cpeops.cwmp.device: {device: 0A0B0C-Nobody-NOBODY1, state: absent}]
    """
    for options in ((), ("--check",)):
        run = playing(play, LAB, *options, **lab.variables)
        assert run.code == 0 and not run.changed, run.output


OF_ITS_OWN = """
- hosts: cpe10
  gather_facts: false
  vars: {management_username: own-name, management_password: "{{ secret }}"}
  tasks:
    - ansible.builtin.import_role: {name: cpeops.cwmp.management, tasks_from: register}
      when: register_first
    - ansible.builtin.import_role: {name: cpeops.cwmp.management}
"""


def test_credentials_of_its_own_are_registered_first(playing: Playing, lab: Any) -> None:
    extra = ("-e", "secret={{ lookup('ansible.builtin.env', 'ANSIBLE_SECRET') }}", "-vvv", "--diff")

    def run(*options: str, first: bool = True) -> Any:
        chosen = ("-e", f'{{"register_first": {str(first).lower()}}}')
        return playing(OF_ITS_OWN, LAB, *extra, *chosen, *options, **lab.variables, ANSIBLE_SECRET=SECRET)

    refused = run(first=False)
    assert refused.failed == {"cpe10"} and not refused.changed, refused.output
    assert "lock" in refused.of("cpe10").msg and "cpeops.cwmp.device" in refused.of("cpe10").msg
    foretold = run("--check")
    assert foretold.code == 0 and foretold.of("cpe10", "which credentials").changed, foretold.output
    done = run()
    assert done.code == 0, done.output
    root = "InternetGatewayDevice."
    assert done.of("cpe10", "Bring").result["verdicts"][f"{root}ManagementServer.Password"] == "applied"
    again = run()
    assert again.code == 0 and not again.changed, again.output
    assert all(SECRET not in each.output for each in (refused, foretold, done, again))


def test_queued_for_a_device_that_comes_later(playing: Playing, lab: Any) -> None:
    hosts = "all: {vars: {ansible_connection: local}, hosts: {0A0B0C-LabGateway-LATE000001: {}}}"
    play = """
    - hosts: all
      gather_facts: false
      tasks:
        - cpeops.cwmp.device: {tags: [late]}
        - name: Queue
          cpeops.cwmp.parameters:
            {set: {.ManagementServer.PeriodicInformInterval: 777}, queue: true, timeout: 0.5}
    """
    queued = playing(play, hosts, **lab.variables)
    assert queued.code == 0, queued.output
    outcome = queued.of("0A0B0C-LabGateway-LATE000001", "Queue")
    assert outcome.result["state"] == "queued" and not outcome.changed
    assert f"queued as {outcome.result['transaction']}" in queued.output, "seen without -v"
    collect = f"""
    - hosts: all
      gather_facts: false
      tasks:
        - name: Collect
          cpeops.cwmp.transaction: {{id: {outcome.result["transaction"]}, timeout: 30}}
    """
    with lab.cpes("--count", "1", "--serial-prefix", "LATE", name="late"):
        collected = playing(collect, hosts, **lab.variables)
    assert collected.code == 0 and collected.changed == {"0A0B0C-LabGateway-LATE000001"}, collected.output


def test_interrupting_a_play_cancels_what_has_not_begun(collections: Path, lab: Any, tmp_path: Path) -> None:
    from cwmp.platforms.acs import AcsPlatform
    from cwmp.platforms.protocol import Registration

    play = tmp_path / "play.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        "    - cpeops.cwmp.parameters: {set: {.Time.NTPServer1: x}, timeout: 100}\n"
    )
    with AcsPlatform(lab.variables["CWMP_URL"]) as acs:
        acs.register("0A0B0C-Ghost-GHOST2", Registration(tags=("ghost",)), check=False)
        child = subprocess.Popen(
            ["ansible-playbook", "-i", "0A0B0C-Ghost-GHOST2,", "-c", "local", str(play)],
            env=lab.environment | {"ANSIBLE_COLLECTIONS_PATH": str(collections)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            (found,) = until(lambda: list(acs.transactions({"device": "0A0B0C-Ghost-GHOST2"})))
            assert found.state == "queued"
            os.killpg(child.pid, signal.SIGINT)
            until(lambda: acs.transaction(found.id).state == "cancelled")
        finally:
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    return pytest.fail("it did not happen in time")
