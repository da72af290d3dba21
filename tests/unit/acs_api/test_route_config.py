"""[stun] and [[routes]] of the configuration: what they become, and what is wrong with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from cwmp.acs.config import ConfigError, load
from cwmp.acs.waking.routes import routes_of
from cwmp.acs.waking.stun_side import own_names
from cwmp.connection_request.gateways import HttpGateway, Socks5
from cwmp.connection_request.route import Direct

GOOD = """
public_urls = ["https://acs.example.net/"]
[stun]
address = "0.0.0.0:3478"
names = ["stun.example.net"]
[[routes]]
name = "acme"
tags = ["acme"]
interface = "wg-acme"
allow = ["192.168.0.0/16"]
[[routes]]
name = "other"
devices = ["0A0B0C-*"]
socks5 = "10.9.0.1:1080"
source_address = "10.9.0.2"
username = "me"
password_file = "secret"
[[routes]]
name = "proxy"
networks = ["198.51.100.0/24"]
http = "10.10.0.1:8888"
http_tunnel = false
"""


def test_routes_are_made_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    file = tmp_path / "acs.toml"
    file.write_text(GOOD)
    config = load(file)
    routes = routes_of(config)
    acme, other, proxy = (rule.route for rule in routes.rules)
    assert acme == Direct(interface="wg-acme", label="acme")
    assert isinstance(other, Socks5) and other.password == "hush"
    assert other.via == Direct(source_address="10.9.0.2") and other.name == "other"
    assert isinstance(proxy, HttpGateway) and proxy.absolute
    assert routes.choose("X", ("acme",), "").allowed == config.routes[0].allow
    assert routes.choose("X", (), "198.51.100.9").route.name == "proxy"
    assert own_names(config) == ("stun.example.net", "acs.example.net")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[stun]\nnames = ['a']", "[stun] needs an address"),
        ("[stun]\naddress = 'stun.example.net:1'", "is NUMBER:PORT"),
        ("[stun]\naddress = '127.0.0.1:1'\nusername = 'a'", "needs its password_file"),
        ("[[routes]]\ntags = ['a']", "routes needs name"),
        ("[[routes]]\nname = 'a'\n[[routes]]\nname = 'a'", "the route a is there twice"),
        ("[[routes]]\nname = 'a'\nsocks5 = 'h:1'\nhttp = 'h:1'", "has two gateways"),
        ("[[routes]]\nname = 'a'\nsource_address = 'h'", "needs a source_address such as"),
        ("[[routes]]\nname = 'a'\ninterface = 'abcdefghijklmnopq'", "no interface has a name as long"),
        ("[[routes]]\nname = 'a'\nusername = 'u'", "no gateway that they are for"),
        ("[[routes]]\nname = 'a'\nsocks5 = 'h:1'\nusername = 'u'", "give it its password_file"),
        ("[[routes]]\nname = 'a'\nsocks = 'h:1'", "did you mean socks5?"),
    ],
)
def test_each_mistake_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "acs.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_a_missing_password_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "acs.toml"
    file.write_text("[[routes]]\nname='a'\nsocks5='h:1'\nusername='u'\npassword_file='none'")
    with pytest.raises(ConfigError, match="cannot be read"):
        routes_of(load(file))
