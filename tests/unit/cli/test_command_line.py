"""The command line without any ACS: usage, texts, exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cwmp import cli, places
from cwmp.commands import printing, set_parameters, trace
from cwmp.commands.get import show_read
from cwmp.errors import CwmpError
from cwmp.platforms.protocol import Transaction


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = cli.main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = run(capsys, name, "--help")
    assert code == 0 and f"usage: cwmp {name}" in out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("get", "DEVICE"),
        ("set", "DEVICE"),
        ("get", "D", "P", "--wait", "x"),
        ("get", "D", "P", "--wait", "-1"),
        ("connection-request", "D", "--method", "pigeon"),
        ("devices", "--nope"),
    ],
)
def test_usage_errors_are_one_line_and_code_1(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1 and err.startswith("cwmp")


def test_no_acs_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "devices", "--url", f"unix:{tmp_path}/none.sock")
    assert (code, out) == (1, "")
    assert err == (
        f"cwmp: No ACS answers at unix:{tmp_path}/none.sock: "
        "start one with `cwmp acs serve`, or set cwmp_url\n"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--url", "ftp://x"), "is no URL of an ACS"),
        (("--url", "http://127.0.0.1:99999"), "is no URL of an ACS"),
        (("--url", "http://[::1"), "is no URL of an ACS"),
        (("--url", f"http://{'a' * 70}.example"), "is no URL of an ACS"),
        (("--platform", "genieacs"), "There is no platform 'genieacs'"),
        (("--token-file", "/nonexistent"), "cannot be read"),
    ],
)
def test_wrong_options(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str) -> None:
    code, _, err = run(capsys, "devices", *arguments)
    assert code == 1 and says in err and err.count("\n") == 1


def test_a_device_that_is_no_text_is_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for device in ("\udcff", "\ud800"):
        code, _, err = run(capsys, "get", device, ".A", "--url", f"unix:{tmp_path}/none.sock")
        assert code == 1 and "No ACS answers" in err and err.count("\n") == 1


def test_a_token_holds_no_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWMP_TOKEN", "a-secret-token\r\nX-Other: 1")
    code, _, err = run(capsys, "devices", "--url", "http://127.0.0.1:9")
    assert code == 1 and "no token has" in err and "a-secret" not in err


def test_a_token_is_not_sent_in_clear(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CWMP_TOKEN", "a-secret-token-of-the-acs")
    code, _, err = run(capsys, "devices", "--url", "http://192.0.2.1:80")
    assert code == 1 and "use https" in err and "a-secret" not in err


def test_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("pass=word\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("from stdin"))
    assert set_parameters.wanted_values(["A.B=1=2", "C=", f"D=@{secret}", "E=@@x", "F=@-"]) == {
        "A.B": "1=2",
        "C": "",
        "D": "pass=word",
        "E": "@x",
        "F": "from stdin",
    }
    for wrong, says in (
        (["A"], "'A' is not PATH=VALUE"),
        (["=1"], "is not PATH=VALUE"),
        (["A=1", "A=2"], "A is given twice"),
        (["A=@/nonexistent"], "the value of A cannot be read"),
    ):
        with pytest.raises(CwmpError, match=says):
            set_parameters.wanted_values(wrong)


def test_tables_and_what_steers_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    printing.print_table(("A", "BB"), [("x\x1b[31m", "é"), ("longer", "")])
    assert capsys.readouterr().out == "A          BB\nx\\x1b[31m  é\nlonger\n"


def test_a_parameter_without_a_value_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    paths = ("Device.A", "Device.B.")
    show_read({"parameters": [{"path": path, "value": None, "writable": None} for path in paths]})
    assert capsys.readouterr().out == "Device.A  (the device does not let it be read)\nDevice.B.\n"


def test_json_is_json_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"value": "caf\u00e9 \x9b31m \u202e \U000e0001 \n end"}
    printing.print_json(told)
    printed = capsys.readouterr().out
    assert json.loads(printed) == told and "caf\u00e9" in printed
    assert printed.replace("\n", "").isprintable()


def test_what_became_of_a_transaction() -> None:
    def said(**fields: object) -> str:
        return printing.what_became(Transaction(id="t1", device="D", kind="read", **fields))  # type: ignore[arg-type]

    assert said(state="done") == ""
    assert said(state="queued") == "D: transaction t1 is queued: see `cwmp transaction t1 --wait 60`"
    assert said(state="expired") == "D: transaction t1 is expired"
    fault = {"message": "D: it refused.", "parameters": [{"path": "X.Y", "code": 9007, "message": "no"}]}
    assert said(state="fault", fault=fault) == "D: it refused; X.Y: no"


def test_soap_is_laid_out() -> None:
    assert trace.lines_of("<a><b>1</b><c/></a>") == ["<a>", "  <b>1</b>", "  <c/>", "</a>"]
    assert trace.lines_of("") == ["(empty)"]


def test_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CWMP_DATA", "CWMP_URL", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(places, "SYSTEM_SOCKET", tmp_path / "run" / "acs.sock")
    assert places.default_data_dir() == tmp_path / ".local/state/cwmp"
    assert places.default_socket() == tmp_path / ".local/state/cwmp/acs.sock"
    runtime = tmp_path / "runtime"
    (runtime / "cwmp").mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert places.socket_to_serve() == runtime / "cwmp/acs.sock"
    there = tmp_path / ".local/state/cwmp/acs.sock"
    there.parent.mkdir(parents=True)
    there.touch()
    assert places.default_socket() == there, "one that is there is preferred"
    monkeypatch.setenv("CWMP_DATA", str(tmp_path / "d"))
    assert places.socket_to_serve() == tmp_path / "d/acs.sock"
    monkeypatch.setenv("CWMP_URL", "https://acs.example.net")
    assert places.default_url() == "https://acs.example.net"


def test_a_client_imports_neither_server_nor_parsers() -> None:
    code = (
        "import sys, cwmp.platforms.acs, cwmp.platforms.choose, cwmp.commands.devices, cwmp.commands.get; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('lxml','fastapi','pydantic','uvicorn','httptools','cryptography','asyncio') "
        "or m.startswith(('cwmp.acs','cwmp.wire','cwmp.datamodel','cwmp.desired'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("word", "path", "value"),
    [
        ('.XMPP.Connection.[Alias=="cpe-1"].Enable=true', '.XMPP.Connection.[Alias=="cpe-1"].Enable', "true"),
        ('.T.[A=="x]=y"&&B=="z"].P=a=[b]', '.T.[A=="x]=y"&&B=="z"].P', "a=[b]"),
        ('.T.[A=="\\"]=q"].P=1', '.T.[A=="\\"]=q"].P', "1"),
        ('.R=.XMPP.Connection.[Alias=="acs"]', ".R", '.XMPP.Connection.[Alias=="acs"]'),
        (".X=]", ".X", "]"),
    ],
)
def test_the_equals_sign_of_a_row_selector_is_part_of_the_path(word: str, path: str, value: str) -> None:
    assert set_parameters.wanted_values([word]) == {path: value}


def test_sessions_are_counted_in_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["trace", "D", "--last", "-1"])
    assert "is no number of sessions" in capsys.readouterr().err


def test_a_device_type_for_any_device_has_to_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--any-device", "--oui", "0A0B0C"]):
        assert cli.main(["device-type", "set", "t1", "--username", "u", *more]) == 1
        assert "--any-device alone" in capsys.readouterr().err
