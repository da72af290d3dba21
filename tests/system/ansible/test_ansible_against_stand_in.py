"""Every way a task can go, on real ansible-playbook runs against an ACS that answers as told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest

_spec = util.spec_from_file_location("fake_acs", Path(__file__).with_name("fake_acs.py"))
assert _spec is not None and _spec.loader is not None
fake_acs = util.module_from_spec(_spec)
_spec.loader.exec_module(fake_acs)

Playing = Callable[..., Any]
PASSWORD = "Zq7-geheim<&\"'pässwörd"
TOKEN = "tok-4711-very-secret"


@pytest.fixture
def acs(short_dir: Path) -> Iterator[Any]:
    server = fake_acs.FakeAcs(short_dir / "acs.sock", token=TOKEN)
    yield server
    server.close()


def inventory(acs: Any, *hosts: str, **variables: str) -> str:
    lines = ["all:", "  vars:", "    ansible_connection: local", f"    cwmp_token: {TOKEN}"]
    lines += [f"    socket_url: '{acs.url}'", '    cwmp_url: "{{ socket_url }}"']
    lines += [f"    {name}: {value}" for name, value in variables.items()]
    return "\n".join([*lines, "  hosts:", *(f"    {host}: {{}}" for host in hosts)]) + "\n"


SET_TWO = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Set
      cpeops.cwmp.parameters:
        set:
          .ManagementServer.PeriodicInformInterval: 900
          .ManagementServer.Password: "{{ lookup('ansible.builtin.env', 'CPE_PASSWORD') }}"
"""


def test_twice_then_check(playing: Playing, acs: Any) -> None:
    hosts = inventory(acs, "tr181", "igd1")
    check = playing(SET_TWO, hosts, "--check", "--diff", CPE_PASSWORD=PASSWORD)
    assert check.code == 0, check.output
    assert check.changed == {"tr181", "igd1"}
    assert check.of("tr181").result["verdicts"] == {
        "Device.ManagementServer.PeriodicInformInterval": "planned",
        "Device.ManagementServer.Password": "planned",
    }
    first = playing(SET_TWO, hosts, "--diff", CPE_PASSWORD=PASSWORD)
    assert first.code == 0, first.output
    assert first.changed == {"tr181", "igd1"}
    assert first.of("igd1").result["root"] == "InternetGatewayDevice."
    for run in (check, first):
        assert "900" in run.output and "--- before: tr181" in run.output
    second = playing(SET_TWO, hosts, "--diff", CPE_PASSWORD=PASSWORD)
    assert second.code == 0 and second.changed == set()
    assert second.of("tr181").result["changes"] == []
    bodies = [body for method, path, body in acs.calls if path.endswith("/converge")]
    assert [body["check"] for body in bodies] == [True, True, False, False, False, False]
    assert len({body["client_key"] for body in bodies}) == 6, "a key is one attempt's alone"


FAILURES = {
    "unknown": ("No device is called unknown",),
    "readonly": ("Device.DeviceInfo.SoftwareVersion is read-only",),
    "refuser": ("9007", "Device.ManagementServer.PeriodicInformInterval"),
    "broken": ("closed the session",),
    "offline": ("did not come within 1 s", "check that it is online"),
    "slow": ("has not ended it after 1 s", "cpeops.cwmp.transaction"),
    "stubborn": ("holds the old value",),
    "blabber": ("Internal error",),
}


def test_every_failure_is_one_sentence_and_never_changed(playing: Playing, acs: Any) -> None:
    hosts = inventory(acs, *FAILURES, "good", cwmp_timeout="1")
    run = playing(SET_TWO, hosts, "-vvv", "--diff", CPE_PASSWORD=PASSWORD)
    assert run.code != 0
    assert run.failed == set(FAILURES)
    assert run.changed == {"good"}
    for host, words in FAILURES.items():
        outcome = run.of(host)
        assert outcome.msg.startswith(host) and "\n" not in outcome.msg
        assert all(word in outcome.msg for word in words), outcome.msg
        assert not outcome.changed or host == "blabber"
    assert "Traceback" not in run.output
    assert run.of("refuser").result["fault"]["parameters"][0]["code"] == 9007
    assert acs.transactions[run.of("offline").result["transaction"]]["state"] == "cancelled"
    no_secret_in(run)


def no_secret_in(run: Any) -> None:
    for secret in (PASSWORD, TOKEN, "geheim", "4711-very"):
        assert secret not in run.output
        assert all(secret not in str(outcome.result) for outcome in run.outcomes)


WRONG_INPUT = """
- hosts: all
  gather_facts: false
  ignore_errors: true
  tasks:
    - name: unknown option
      cpeops.cwmp.parameters: {sett: {.A.Password: "{{ pw }}"}}
    - name: unknown option of an instance
      cpeops.cwmp.converge: {instances: [{table: .A., matches: {Password: "{{ pw }}"}}]}
    - name: no mapping
      cpeops.cwmp.parameters: {set: ".A.Password={{ pw }}"}
    - name: missing option
      cpeops.cwmp.parameters: {}
    - name: wrong choice
      cpeops.cwmp.parameters: {set: {.A.Password: "{{ pw }}"}, secrets: "{{ pw }}"}
    - name: wrong host variable
      cpeops.cwmp.parameters: {set: {.A.B: "1"}}
      vars: {cwmp_timeout: soon}
    - name: no number
      cpeops.cwmp.parameters: {set: {.A.B: "1"}, timeout: abc}
    - name: negative timeout
      cpeops.cwmp.parameters: {set: {.A.B: "1"}, timeout: -5}
    - name: no truth value
      cpeops.cwmp.parameters: {set: {.A.B: "1"}, wait: perhaps}
    - name: password alone
      cpeops.cwmp.device: {password: "{{ pw }}"}
    - name: type of no device
      cpeops.cwmp.device: {device_type: all, username: u, password: "{{ pw }}", match: {oui: ""}}
    - name: type of any and some
      cpeops.cwmp.device:
        {device_type: all, username: u, password: "{{ pw }}", match: {oui: 0A0B0C}, any_device: true}
    - name: undefined host variable
      cpeops.cwmp.parameters: {set: {.A.B: "1"}}
      vars: {cwmp_device: "{{ nowhere_defined }}"}
    - name: a date
      cpeops.cwmp.parameters: {set: {.A.B: 2026-01-02}}
    - name: no value
      cpeops.cwmp.parameters: {set: {.A.B: null}}
    - name: nested
      cpeops.cwmp.parameters: {set: {.A: {B: 1}}}
    - name: unknown platform
      cpeops.cwmp.device_facts: {platform: carrier-pigeon}
    - name: no such socket
      cpeops.cwmp.device_facts: {url: "unix:/nonexistent/acs.sock"}
    - name: wrong token
      cpeops.cwmp.device_facts: {token: another-wrong-token}
    - name: unknown transaction
      cpeops.cwmp.transaction: {id: tx-none}
    - name: async
      cpeops.cwmp.device_facts:
      async: 10
      poll: 1
"""
WRONG_INPUT_SAYS = {
    "unknown option": "has no option 'sett'; did you mean 'set'?",
    "unknown option of an instance": "instances.matches",
    "no mapping": "'set' must be a mapping",
    "missing option": "set",
    "wrong choice": "secrets",
    "wrong host variable": "host variable cwmp_timeout",
    "no number": "option 'timeout' must be a number",
    "negative timeout": "option 'timeout' must be 0 to 86400 seconds, not -5",
    "no truth value": "option 'wait' must be true or false",
    "password alone": "option 'password' needs 'username' beside it",
    "type of no device": "any_device: true",
    "type of any and some": "both 'match' and 'any_device: true'",
    "undefined host variable": "host variable cwmp_device cannot be worked out",
    "a date": "quote it",
    "no value": "'' for the empty string",
    "nested": "one full path per parameter",
    "unknown platform": "carrier-pigeon",
    "no such socket": "cwmp acs serve",
    "wrong token": "token",
    "unknown transaction": "tx-none",
    "async": "does not support async",
}


def test_wrong_input(playing: Playing, acs: Any) -> None:
    run = playing(WRONG_INPUT, inventory(acs, "good"), "-vvv", "-e", f"@{_vars(acs)}")
    assert "Traceback" not in run.output
    for task, says in WRONG_INPUT_SAYS.items():
        found = [one for one in run.outcomes if one.task == task]
        assert found and found[0].status == "failed", f"{task}: {run.output}"
        assert says in found[0].msg, found[0].msg
        assert task == "async" or found[0].msg.startswith("good: ")
        assert "<class" not in found[0].msg
        assert not found[0].changed
    no_secret_in(run)
    assert not any(path.endswith("/converge") for _, path, _ in acs.calls), "nothing wrong was sent"


def _vars(acs: Any) -> Path:
    import json

    path = Path(acs.url.removeprefix("unix:")).with_name("vars.json")
    path.write_text(json.dumps({"pw": PASSWORD}))
    return path


OTHER_WAYS = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/cpeops.cwmp.all: {timeout: 7, token: "{{ cwmp_token }}"}
  tasks:
    - name: Delegated
      cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformInterval: 60}}
      delegate_to: localhost
      vars: {expected: one}
    - name: Option wins
      cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformInterval: 70}, timeout: 9, device: other}
    - name: Submit
      cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformInterval: 80}, wait: false}
      register: submitted
    - name: Look
      cpeops.cwmp.transaction_info: {id: "{{ submitted.transaction }}"}
    - name: Collect
      cpeops.cwmp.transaction: {id: "{{ submitted.transaction }}"}
    - name: Queue
      cpeops.cwmp.parameters:
        {set: {.ManagementServer.PeriodicInformInterval: 80}, queue: true, device: offline}
    - name: Read
      cpeops.cwmp.parameters_info:
        {paths: [.ManagementServer., .DeviceInfo.SoftwareVersion, .Not.There], names: true}
    - name: Read strictly
      cpeops.cwmp.parameters_info: {paths: [.Not.There], strict: true}
      ignore_errors: true
    - name: Facts
      cpeops.cwmp.device_facts:
    - name: Use facts
      ansible.builtin.debug: {msg: "{{ ansible_facts.cwmp.manufacturer }} {{ ansible_facts.cwmp.id }}"}
    - name: Wake
      cpeops.cwmp.connection_request: {timeout: 1}
    - name: Wake one that does not come
      cpeops.cwmp.connection_request: {device: offline, timeout: 1}
      ignore_errors: true
    - name: Wake one whose credentials are wrong
      cpeops.cwmp.connection_request: {device: refuser}
      ignore_errors: true
    - name: Register
      cpeops.cwmp.device: {username: lab, password: "{{ pw }}", tags: [lab]}
    - name: Register again
      cpeops.cwmp.device: {username: lab, password: "{{ pw }}", tags: [lab]}
    - name: Forget
      cpeops.cwmp.device: {state: absent}
    - name: Converge
      cpeops.cwmp.converge:
        set: {.ManagementServer.Username: "{{ skipped | default(omit) }}"}
        instances:
          - {table: .XMPP.Connection., match: {Alias: acs}, set: {Password: "{{ pw }}"}, number: 3}
          - {table: .NAT.PortMapping., match: {Alias: old}, state: absent}
        attributes: [{path: .ManagementServer.ConnReqJabberID, notification: 2}]
        accept: [normalised]
"""


def test_other_ways(playing: Playing, acs: Any) -> None:
    hosts = inventory(acs, "one", cwmp_device="\"{{ inventory_hostname ~ '-device' }}\"")
    run = playing(OTHER_WAYS, hosts, "-vvv", "--diff", "-e", f"@{_vars(acs)}")
    assert run.code == 0, run.output
    no_secret_in(run)
    calls = [(path, body) for method, path, body in acs.calls if method == "POST" and "/devices/" in path]
    assert calls[0][0] == "/v1/devices/one-device/converge", "the inventory host's own variables"
    assert calls[0][1]["wait"] == 7.0, "module_defaults win over nothing else given"
    assert calls[1][0] == "/v1/devices/other/converge" and calls[1][1]["wait"] == 9.0

    submitted = run.of("one", "Submit")
    assert not submitted.changed and submitted.result["state"] == "queued"
    assert not run.of("one", "Look").changed and run.of("one", "Look").result["over"] is True
    collected = run.of("one", "Collect")
    assert collected.changed and collected.result["diff"]["before"] != collected.result["diff"]["after"]
    queued = run.of("one", "Queue")
    assert queued.status == "ok" and not queued.changed and queued.result["state"] == "queued"
    assert queued.msg.startswith(f"queued as {queued.result['transaction']}; it will be applied when")

    read = run.of("one", "Read").result
    read = next(one for one in run.outcomes if one.task == "Read").result
    assert read["parameters"]["Device.ManagementServer.PeriodicInformInterval"] == 80
    assert read["relative"][".ManagementServer.PeriodicInformEnable"] is False
    assert read["missing"] == [".Not.There"] and read["details"][0]["writable"] is True
    assert ".Not.There" in run.of("one", "Read strictly").msg
    assert "{{ 7 * 7 }} one-device" in run.of("one", "Use facts").msg, "a device's words are not templates"

    assert next(one for one in run.outcomes if one.task == "Wake").result["informed"] is True
    assert "did not inform within 1 s" in run.of("one", "does not come").msg
    assert "cpeops.cwmp.device" in run.of("one", "credentials are wrong").msg
    assert next(one for one in run.outcomes if one.task == "Register").changed
    assert not run.of("one", "Register again").changed
    assert run.of("one", "Forget").changed
    body = calls[-1][1]
    assert body["state"] == {
        "set": {},
        "instances": [
            {
                "table": ".XMPP.Connection.",
                "match": {"Alias": "acs"},
                "set": {"Password": PASSWORD},
                "state": "present",
                "number": 3,
            },
            {"table": ".NAT.PortMapping.", "match": {"Alias": "old"}, "set": {}, "state": "absent"},
        ],
        "attributes": [{"path": ".ManagementServer.ConnReqJabberID", "notification": 2}],
    }
    assert body["accept"] == ["normalised"]


def test_check_mode_of_the_others(playing: Playing, acs: Any) -> None:
    play = """
    - hosts: all
      gather_facts: false
      tasks:
        - cpeops.cwmp.connection_request:
        - cpeops.cwmp.device: {username: lab, password: "{{ pw }}"}
        - cpeops.cwmp.parameters: {set: {.ManagementServer.PeriodicInformInterval: 80}, wait: false}
          register: submitted
        - name: Collect
          cpeops.cwmp.transaction: {id: "{{ submitted.transaction }}"}
    """
    run = playing(play, inventory(acs, "one"), "--check", "-e", f"@{_vars(acs)}")
    assert run.code == 0, run.output
    assert run.of("one", "Collect").changed, "a check-mode transaction reports what would change"
    assert not any("connection-request" in path for _, path, _ in acs.calls)
    assert acs.registered == {}
    assert acs.values["one"]["ManagementServer.PeriodicInformInterval"] == "300"


def test_environment_keyword_and_default_socket(playing: Playing, acs: Any) -> None:
    play = f"""
    - hosts: all
      gather_facts: false
      connection: local
      tasks:
        - cpeops.cwmp.device_facts:
          environment: {{CWMP_URL: "{acs.url}", CWMP_TOKEN: {TOKEN}}}
    """
    hosts = "all: {hosts: {one: {}}}"
    run = playing(play, hosts)
    assert run.code == 0, run.output
    run = playing("- {hosts: all, gather_facts: false, tasks: [cpeops.cwmp.device_facts: ]}", hosts)
    assert run.failed == {"one"} and "cwmp acs serve" in run.of("one").msg


def test_engine_not_installed(playing: Playing, acs: Any, tmp_path: Path) -> None:
    (tmp_path / "cwmp").mkdir()
    (tmp_path / "cwmp" / "__init__.py").write_text("raise ImportError(\"No module named 'cwmp'\")")
    run = playing(SET_TWO, inventory(acs, "one", "two"), PYTHONPATH=str(tmp_path))
    assert run.failed == {"one", "two"}
    assert "Traceback" not in run.output
    assert run.of("one").msg.startswith("one: the Python that runs Ansible cannot import")
    assert "pip install" in run.of("one").msg and sys.executable in run.of("one").msg


def test_engine_too_old(playing: Playing, acs: Any, tmp_path: Path) -> None:
    engine = Path(fake_acs.__file__).resolve().parents[3] / "src" / "cwmp"
    (tmp_path / "cwmp").mkdir()
    (tmp_path / "cwmp" / "__init__.py").write_text(f"__version__ = '0.0.9'\n__path__ = [{str(engine)!r}]\n")
    run = playing(SET_TWO, inventory(acs, "one"), PYTHONPATH=str(tmp_path))
    assert run.failed == {"one"} and "0.0.9 is older than this collection needs" in run.of("one").msg


def test_task_timeout_keyword(playing: Playing, acs: Any) -> None:
    acs.delay = 5.0
    play = SET_TWO + "      timeout: 1\n"
    run = playing(play, inventory(acs, "one"), CPE_PASSWORD=PASSWORD)
    assert run.failed == {"one"} and "Timed out" in run.of("one").msg
    assert "Traceback" not in run.output
