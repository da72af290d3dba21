"""Nothing given as a secret survives in what a task says, in whatever spelling."""

from __future__ import annotations

import json
from urllib.parse import quote
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

SPELLINGS = [str, escape, repr, json.dumps, quote, lambda text: quote(text, safe="")]


@given(st.text(min_size=4, max_size=40).filter(str.strip), st.sampled_from(SPELLINGS), st.text(max_size=20))
def test_secrets_are_masked_within_texts(secret: str, spelling, around: str) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.scrub import MASK, Secrets

    secrets = Secrets()
    secrets.add(secret)
    spelt = spelling(secret)
    result = secrets.scrub({"msg": f"«{spelt}»", "deep": [{"x": (spelt, {"y": secret})}], "n": 1, "t": True})
    assert secret not in result["msg"] or secret in MASK
    assert result["deep"][0]["x"][1]["y"] == MASK
    assert result["n"] == 1 and result["t"] is True


def test_short_secrets_are_masked_where_they_are_the_whole_text() -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.scrub import MASK, Secrets

    secrets = Secrets()
    secrets.add(["1", None, True, 20261234, {"a": "ab"}])
    assert secrets.scrub(["1", "Device.1.", 20261234, 1, "ab", "cab"]) == [
        MASK,
        "Device.1.",
        MASK,
        1,
        MASK,
        "cab",
    ]
    assert secrets.scrub("pin 20261234") == f"pin {MASK}"


def test_without_secrets_nothing_is_touched() -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.scrub import Secrets

    thing = {"a": ["b"]}
    assert Secrets().scrub(thing) is thing


def test_every_secret_of_the_data_models_is_known_by_its_name() -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.scrub import holds_secret

    from cwmp.datamodel import is_secret, model

    for root in ("Device.", "InternetGatewayDevice."):
        secret = [path for path in model(root).paths() if is_secret(path)]
        assert len(secret) > 10
        for path in secret:
            assert holds_secret(path), path
            assert holds_secret(path.removeprefix(root.rstrip("."))), path
    assert not holds_secret("Device.ManagementServer.PeriodicInformInterval")
    assert not holds_secret("Device.DeviceInfo.VendorConfigFile.1.Value")
    assert holds_secret(".X_ACME_Thing.AdminPassword2")
