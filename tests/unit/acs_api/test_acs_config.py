"""The configuration file: typed, and strict about what it does not know."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from cwmp.acs.config import Config, ConfigError, load, parse, with_options
from cwmp.acs.listen.addresses import Address, ListenError, address_of

WHOLE = """
data = "state"
public_urls = ["https://acs.example.net:7548/"]
log_format = "json"

[[cwmp]]
address = "0.0.0.0:7547"

[[cwmp]]
address = "0.0.0.0:7548"
certificate = "acs.pem"
key = "/etc/cwmp/acs.key"
tls = "legacy"
proxy_protocol = true
trusted_proxies = ["10.0.0.0/8"]

[api]
address = "unix:/run/cwmp/acs.sock"

[limits]
drain_seconds = 5
"""


def test_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "acs.toml"
    file.write_text(WHOLE)
    config = load(file)
    assert config.data == tmp_path / "state"
    plain, tls = config.cwmp
    assert plain.where == Address("0.0.0.0", 7547)
    assert (tls.certificate, tls.key) == (tmp_path / "acs.pem", Path("/etc/cwmp/acs.key"))
    assert tls.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"),)
    assert config.limits.drain_seconds == 5.0
    assert load(None) == Config()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dta = 'x'", "there is no dta: did you mean data?"),
        ("[limits]\nboddy = 3", "there is no limits.boddy: did you mean body?"),
        ("[[cwmp]]\naddress = '127.0.0.1:7547'\ncert = 'x'", "did you mean certificate?"),
        ("open = 'yes'", "open is true or false, not 'yes'"),
        ("[limits]\nbody = true", "limits.body is a whole number, not True"),
        ("[limits]\nbody = 0", "limits.body is more than 0, not 0"),
        ("log_format = 'xml'", "log_format is json or text, not 'xml'"),
        ("public_urls = 'http://a/'", "public_urls is a list"),
        ("public_urls = ['acs.example.net']", "does not start with http:// or https://"),
        ("[[cwmp]]", "cwmp needs an address"),
        ("cwmp = []", "there is no CWMP listener"),
        ("[[cwmp]]\naddress = '7547'", "'7547' is no address to listen on"),
        ("[[cwmp]]\naddress = 'unix:/x'", "a CWMP listener is HOST:PORT"),
        ("[[cwmp]]\naddress = '127.0.0.1:1'\ncertificate = 'a'", "needs certificate and key, or neither"),
        ("[[cwmp]]\naddress = '127.0.0.1:1'\nproxy_protocol = true", "needs trusted_proxies"),
        ("[[cwmp]]\naddress = '127.0.0.1:1'\ntrusted_proxies = ['10.0.0.1/8']", "holds networks such as"),
        ("[[cwmp]]\naddress = '127.0.0.1:1'\ntls = 'legacy'", "needs certificate and key"),
        ("[api]\naddress = '0.0.0.0:8080'", "The API is not served on 0.0.0.0:8080 in clear text"),
        ("api = 3", "api is a table"),
        ("a = ", "is not TOML"),
    ],
)
def test_each_mistake_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "acs.toml"
    file.write_text(text)
    with pytest.raises((ConfigError, ListenError)) as refused:
        load(file)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_options_win_and_keep_what_the_file_says_of_the_same_address() -> None:
    config = parse(
        {"cwmp": [{"address": "127.0.0.1:7548", "certificate": "a", "key": "b"}], "data": "/srv/cwmp"}
    )
    merged = with_options(config, cwmp=["127.0.0.1:7548", "127.0.0.1:7547"], data="/tmp/x", open_to_all=True)
    assert merged.cwmp[0].certificate == Path("a")
    assert merged.cwmp[1].certificate is None
    assert (merged.data, merged.open) == (Path("/tmp/x"), True)
    with pytest.raises(ConfigError, match=r"is not served on 192\.0\.2\.1:80 in clear text"):
        with_options(config, api="192.0.2.1:80")


@pytest.mark.parametrize("text", ["", "x", ":1", "a:", "a:99999", "::1:80", "a:-1", "unix:", "a:\u0661"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ListenError):
        address_of(text)


def test_addresses() -> None:
    assert str(address_of("[::1]:80")) == "[::1]:80"
    assert address_of("[::1]:80").loopback and address_of("127.8.8.8:80").loopback
    assert not address_of("0.0.0.0:80").loopback
    assert str(address_of("unix:/a/b")) == "unix:/a/b"
