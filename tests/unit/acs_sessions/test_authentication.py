"""Who may come in, as whom, and what happens to those who may not."""

from __future__ import annotations

import ipaddress
import time

import pytest

from cwmp.acs.access.attempts import Attempts
from cwmp.acs.access.credentials import DeviceType
from cwmp.acs.access.nonces import Nonces, Standing
from cwmp.acs.sessions.endpoint import ConnectionState, ListenerRules
from cwmp.wire import digest

ID = "0A0B0C-Gateway-LAB1"


def closed(kit, **rules):
    acs = kit.Acs(rules=ListenerRules(**rules))
    acs.credentials.add("device", ID, "lab1", "right")
    return acs


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5")])
def test_digest(kit, algorithms):
    async def run():
        acs = kit.Acs(rules=ListenerRules(), algorithms=algorithms)
        acs.credentials.add("device", ID, "lab1", "right")
        cpe = kit.cpe(acs, username="lab1", password="right")
        tx = acs.transactions.submit(cpe.id, value=5)
        await cpe.session()
        await acs.settle()
        assert tx.state == "done"
        assert cpe.statuses.count(401) == 1, "challenged once"
        assert acs.credentials.lookups == 1, "and checked once"

    kit.run(run())


def test_the_challenge(kit):
    async def run():
        acs = kit.Acs(rules=ListenerRules(basic="always"), algorithms=("SHA-256", "MD5"))
        response = await acs.post(kit.inform(), ConnectionState())
        offers = [digest.parse_challenges(each)[0] for each in kit.header(response, "www-authenticate")]
        assert [each.algorithm for each in offers] == ["SHA-256", "MD5", ""]
        assert offers[0].nonce != offers[1].nonce and offers[2].scheme == "Basic"
        assert response.status == 401 and len(acs.sessions) == 0 and acs.registry.records == {}

    kit.run(run())


def test_an_empty_post_is_challenged_first_and_then_taken(kit):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right")
        response = await cpe.post(b"")
        assert cpe.statuses == [401, 204] and response.body == b""
        assert (await cpe.post(kit.inform())).status == 200

    kit.run(run())


@pytest.mark.parametrize(("username", "password"), [("lab1", "wrong"), ("nobody", "right"), ("", "")])
def test_wrong_credentials(kit, caplog, username, password):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username=username, password=password)
        response = await cpe.post(kit.inform())
        assert response.status == 401 and len(acs.sessions) == 0 and acs.registry.records == {}
        assert "right" not in caplog.text.replace("unknown username", "")
        told = {
            "lab1": "wrong password for username 'lab1' of 0A0B0C-Gateway-LAB1",
            "nobody": "unknown username 'nobody'",
        }
        assert username not in told or told[username] in caplog.text

    kit.run(run())


def test_one_device_may_not_be_another(kit, caplog):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, "LAB2", username="lab1", password="right")
        acs.transactions.submit(cpe.id, value=5)
        response = await cpe.session()
        assert response.status == 403 and len(acs.sessions) == 0 and acs.registry.records == {}
        assert "0A0B0C-Gateway-LAB2 was refused" in caplog.text
        assert acs.metrics.refusals.values["identity"] == 1

    kit.run(run())


@pytest.mark.parametrize("oui", ["0a0b0c", "FFFFFF"])
def test_an_identity_is_exact(kit, oui):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right")
        assert (await cpe.post(kit.inform(oui=oui))).status == 403

    kit.run(run())


def test_basic_only_where_allowed(kit):
    async def run():
        for rules, secure, status in [
            ({}, True, 401),
            ({"basic": "over_tls"}, False, 401),
            ({"basic": "over_tls"}, True, 200),
            ({"basic": "always"}, False, 200),
        ]:
            acs = closed(kit, **rules)
            header = ("authorization", digest.basic_header("lab1", "right"))
            response = await acs.post(kit.inform(), ConnectionState(), header, secure=secure)
            assert response.status == status
            if status == 200:
                header = ("authorization", digest.basic_header("lab1", "wrong"))
                assert (await acs.post(kit.inform(), ConnectionState(), header, secure=secure)).status == 401
                assert ("Secure" in kit.header(response, "set-cookie")[0]) is secure

    kit.run(run())


def test_a_cpe_that_keeps_sending_authorization_with_nc_fixed_at_1(kit):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right", fixed_nc=True)
        for value in (1, 2, 3):
            tx = acs.transactions.submit(cpe.id, value=value)
            await cpe.session()
            await acs.settle()
            assert tx.state == "done"
        assert cpe.statuses.count(401) == 1

    kit.run(run())


def test_a_second_session_on_the_connection_needs_no_second_challenge(kit):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right")
        await cpe.session()
        cpe.challenge = None
        await cpe.session()
        assert cpe.statuses.count(401) == 1
        acs.endpoint.connection_lost(cpe.connection)
        cpe.connection = ConnectionState()
        await cpe.session()
        assert cpe.statuses.count(401) == 2

    kit.run(run())


def test_an_overheard_authorization_is_worth_nothing_elsewhere(kit):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right")
        await cpe.session()
        overheard = next(value for name, value in cpe.headers() if name == "authorization")
        response = await acs.post(kit.inform(), ConnectionState(), ("authorization", overheard))
        assert response.status == 401
        assert digest.parse_challenges(kit.header(response, "www-authenticate")[0])[0].stale

    kit.run(run())


def test_a_request_of_another_username_in_a_session(kit):
    async def run():
        acs = closed(kit)
        acs.credentials.add("device", "0A0B0C-Gateway-LAB2", "lab2", "right2")
        one = kit.cpe(acs, username="lab1", password="right")
        acs.transactions.submit(one.id, value=5)
        await one.post(kit.inform())
        two = kit.cpe(acs, "LAB2", username="lab2", password="right2", jar=one.jar)
        two.challenge = one.challenge
        assert (await two.post(b"")).status == 403
        assert (await one.post(b"")).status == 200

    kit.run(run())


def test_a_cookie_from_another_address_needs_the_password_again(kit):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right")
        tx = acs.transactions.submit(cpe.id, value=5)
        await cpe.post(kit.inform())
        thief = await acs.post(b"", ConnectionState(), ("cookie", f"cwmp={cpe.jar}"), peer="203.0.113.9")
        assert thief.status == 401 and thief.body.count(b"GetParameter") == 0
        cpe.connection, cpe.peer = ConnectionState(), "203.0.113.77"
        response = await cpe.post(b"")
        assert response.status == 200 and b"GetParameterValues" in response.body and tx.state == "running"

    kit.run(run())


def test_a_stolen_cookie_on_a_connection_that_proved_another_device(kit):
    async def run():
        acs = closed(kit)
        acs.credentials.add("device", "0A0B0C-Gateway-LAB2", "lab2", "right2")
        one = kit.cpe(acs, username="lab1", password="right")
        acs.transactions.submit(one.id, value=5)
        await one.post(kit.inform())
        for peer in ("192.0.2.1", "203.0.113.9"):
            two = kit.cpe(acs, "LAB2", username="lab2", password="right2", peer=peer)
            await two.session()
            thief = await acs.post(b"", two.connection, ("cookie", f"cwmp={one.jar}"), peer=peer)
            assert thief.status == 403
        assert (await one.post(b"")).status == 200

    kit.run(run())


def test_stale_and_foreign_nonces(kit):
    async def run():
        acs = closed(kit)
        cpe = kit.cpe(acs, username="lab1", password="right")
        response = await acs.post(b"", cpe.connection)
        cpe.challenge = digest.parse_challenges(kit.header(response, "www-authenticate")[0])[0]
        acs.now += 301
        await cpe.post(kit.inform())
        assert cpe.statuses == [401, 200]
        assert cpe.challenge.stale
        forged = digest.Challenge("Digest", "cwmp", "A" * 32, "MD5", ("auth",))
        header = digest.answer(forged, "POST", "/", "lab1", "right", cnonce="x")
        assert (await acs.post(kit.inform(), ConnectionState(), ("authorization", header))).status == 401

    kit.run(run())


def test_what_was_not_offered_is_not_taken(kit):
    async def run():
        acs = closed(kit)
        response = await acs.post(b"", ConnectionState())
        offer = digest.parse_challenges(kit.header(response, "www-authenticate")[0])[0]
        for algorithm, qop in (("SHA-256", ("auth",)), ("MD5", ("auth-int",))):
            chosen = digest.Challenge("Digest", offer.realm, offer.nonce, algorithm, qop)
            header = digest.answer(chosen, "POST", "/", "lab1", "right", cnonce="x")
            assert (await acs.post(b"", ConnectionState(), ("authorization", header))).status == 401

    kit.run(run())


@pytest.mark.parametrize(
    "header", ["Digest", "Digest x", "Basic !!!", "Bearer abc", "", "Digest " + "a=b," * 5000, "\udcff"]
)
def test_unreadable_authorization(kit, header):
    async def run():
        acs = closed(kit, basic="always")
        assert (await acs.post(kit.inform(), ConnectionState(), ("authorization", header))).status == 401

    kit.run(run())


def test_guessing_is_slowed_per_source_and_username(kit):
    async def run():
        acs = closed(kit, basic="always")

        async def tries(password, peer, username="lab1"):
            header = ("authorization", digest.basic_header(username, password))
            return (await acs.post(kit.inform(), ConnectionState(), header, peer=peer)).status

        assert [await tries("guess", "203.0.113.9") for _ in range(7)] == [401] * 6 + [503]
        assert await tries("right", "203.0.113.9") == 503, "not even the right one for now"
        assert await tries("guess", "203.0.113.9", "other") == 401
        assert await tries("right", "192.0.2.1") == 200, "the device itself is not locked out"
        acs.now += 61
        assert await tries("right", "203.0.113.9") == 200

    kit.run(run())


def test_attempts_are_bounded():
    attempts = Attempts(free=0, kept=10)
    for number in range(100):
        attempts.failed("192.0.2.1", str(number), 0.0)
    assert len(attempts._failed) == 10
    for _ in range(100):
        attempts.failed("192.0.2.1", "x", 0.0)
    assert attempts.wait("192.0.2.1", "x", 0.0) == 60.0


def test_unknown_usernames_cost_the_same(kit):
    async def cost(acs, username):
        response = await acs.post(b"", ConnectionState())
        offer = digest.parse_challenges(kit.header(response, "www-authenticate")[0])[0]
        given = digest.parse_authorization(digest.answer(offer, "POST", "/", username, "no", cnonce="x"))
        from cwmp.acs.sessions.endpoint import HttpRequest

        request = HttpRequest("POST", "/", [], b"", "192.0.2.1", ConnectionState())
        best = 1.0
        for _ in range(200):
            acs.authentication.attempts = Attempts()
            begun = time.perf_counter()
            await acs.authentication._digest(request, acs.rules, given)
            best = min(best, time.perf_counter() - begun)
        return best

    async def run():
        acs = closed(kit)
        known, unknown = await cost(acs, "lab1"), await cost(acs, "lab9")
        assert 0.6 < known / unknown < 1.6

    kit.run(run())


# ---- device types


def typed(kit, **more):
    acs = kit.Acs(rules=ListenerRules())
    acs.credentials.device_types = [
        DeviceType("any", oui="0A0B0C", username="any"),
        DeviceType("gateways", oui="0A0B0C", product_class="Gateway", username="shared", **more),
    ]
    acs.credentials.add("type", "any", "any", "anypass")
    acs.credentials.add("type", "gateways", "shared", "secret")
    return acs


def test_type_credentials_fit_the_devices_of_the_type(kit):
    async def run():
        acs = typed(kit)
        assert (await kit.cpe(acs, username="shared", password="secret").session()).status == 204
        cpe = kit.cpe(acs, username="shared", password="secret")
        assert (await cpe.post(kit.inform(product_class="Phone"))).status == 403
        cpe = kit.cpe(acs, username="any", password="anypass")
        assert (await cpe.post(kit.inform(product_class="Phone"))).status == 200
        cpe = kit.cpe(acs, username="any", password="anypass")
        assert (await cpe.post(kit.inform())).status == 403, "the most specific type wins"

    kit.run(run())


def test_shared_credentials_are_replaced_at_first_contact(kit):
    async def run():
        acs = typed(kit, individual=True)
        cpe = kit.cpe(acs, username="shared", password="secret")
        tx = acs.transactions.submit(cpe.id, value=5)
        await cpe.session()
        await acs.settle()
        assert tx.state == "done" and cpe.asked[0] == "SetParameterValues"
        own = cpe.device.management
        assert own.username == cpe.id and own.password == acs.credentials.started[cpe.id][1]
        again = kit.Cpe(acs, cpe.device, username=own.username, password=own.password)
        await again.session()
        assert await acs.credentials.has_own(cpe.id) and again.asked == []
        assert own.password not in str(acs.trace.sessions(cpe.id))

    kit.run(run())


def test_a_lost_answer_locks_nobody_out(kit):
    async def run():
        acs = typed(kit, individual=True)
        cpe = kit.cpe(acs, username="shared", password="secret")
        await cpe.session(stop_before="SetParameterValues")
        pair = dict(acs.credentials.started)
        assert pair, "stored before it left"
        acs.now += 200
        acs.sessions.sweep()
        again = kit.Cpe(acs, cpe.device, username="shared", password="secret")
        await again.session(stop_at="SetParameterValues")
        assert acs.credentials.started == pair, "the same pair again"
        acs.now += 200
        acs.sessions.sweep()
        own = cpe.device.management
        last = kit.Cpe(acs, cpe.device, username=own.username, password=own.password)
        assert (await last.session()).status == 204 and await acs.credentials.has_own(cpe.id)

    kit.run(run())


def test_shared_credentials_for_a_device_with_own_ones_are_quarantined(kit):
    async def run():
        acs = typed(kit, individual=True)
        cpe = kit.cpe(acs, username="shared", password="secret")
        await cpe.session()
        own = cpe.device.management
        real = kit.Cpe(acs, cpe.device, username=own.username, password=own.password)
        await real.session()
        url = acs.registry.records[cpe.id].connection_request_url
        tx = acs.transactions.submit(cpe.id, value=5)
        told = []
        acs.sessions.on_inform(lambda record, events: told.append(record.id))
        clone = kit.Cpe(acs, kit.device(), username="shared", password="secret", peer="203.0.113.9")
        clone.device.change(".ManagementServer.ConnectionRequestURL", "http://203.0.113.9/")
        response = await clone.session()
        record = acs.registry.records[cpe.id]
        assert response.status == 204 and clone.asked == [] and tx.state == "queued" and told == []
        assert record.quarantined and "gateways" in record.quarantine_reason
        assert record.connection_request_url == url and record.address == "192.0.2.1"
        await real.session()
        await acs.settle()
        assert tx.state == "done" and not record.quarantined, "its own credentials prove the device"

    kit.run(run())


def test_from_a_network_that_may_a_device_comes_back_with_shared_credentials(kit):
    async def run():
        acs = typed(kit, individual=True)
        acs.authentication.readmit_networks = (ipaddress.ip_network("192.0.2.0/24"),)
        cpe = kit.cpe(acs, username="shared", password="secret")
        await cpe.session()
        own = cpe.device.management
        await kit.Cpe(acs, cpe.device, username=own.username, password=own.password).session()
        elsewhere = kit.Cpe(acs, kit.device(), username="shared", password="secret", peer="203.0.113.9")
        await elsewhere.session()
        assert acs.registry.records[cpe.id].quarantined
        acs.registry.records[cpe.id].quarantined = False
        reset = kit.Cpe(acs, kit.device(), username="shared", password="secret", peer="192.0.2.77")
        tx = acs.transactions.submit(cpe.id, value=5)
        assert (await reset.session()).status == 204
        await acs.settle()
        assert tx.state == "done" and not acs.registry.records[cpe.id].quarantined

    kit.run(run())


def test_a_clone_does_not_end_the_devices_own_session(kit):
    async def run():
        acs = typed(kit, individual=True)
        acs.credentials.add("device", ID, ID, "own")
        real = kit.cpe(acs, username=ID, password="own")
        tx = acs.transactions.submit(ID, value=5)
        await real.session(stop_before="SetParameterValues")
        clone = kit.cpe(acs, username="shared", password="secret")
        assert (await clone.post(kit.inform())).status == 503
        assert acs.sessions.in_session(ID) and tx.state == "running"

    kit.run(run())


def test_retired_credentials_open_nothing(kit):
    async def run():
        acs = kit.Acs(rules=ListenerRules())
        acs.credentials.add("device", ID, "lab1", "old", state="retired")
        assert (await kit.cpe(acs, username="lab1", password="old").post(kit.inform())).status == 401

    kit.run(run())


# ---- nonces


def test_a_nonce_counts_once_or_on_its_connection():
    nonces = Nonces(b"k" * 32)
    one, two = ConnectionState(), ConnectionState()
    nonce = nonces.issue(1000.0)
    assert nonces.judge(nonce, one, 1001.0) is nonces.judge(nonce, two, 1001.0) is Standing.GOOD
    nonces.use(nonce, one, 1001.0)
    assert nonces.judge(nonce, one, 1002.0) is Standing.GOOD
    assert nonces.judge(nonce, two, 1002.0) is Standing.STALE
    assert nonces.judge(nonce, one, 1301.0) is Standing.STALE


def test_nonces_are_forgotten_in_a_ring_and_not_forgeable():
    nonces = Nonces(b"k" * 32, ring=64)
    first = nonces.issue(1000.0)
    connection = ConnectionState()
    nonces.use(first, connection, 1000.0)
    for _ in range(64):
        last = nonces.issue(1000.0)
    assert nonces.judge(first, connection, 1000.0) is Standing.STALE
    assert nonces.judge(last, ConnectionState(), 1000.0) is Standing.GOOD
    assert Nonces(b"j" * 32).judge(last, connection, 1000.0) is Standing.STALE
    for forged in ("", "A" * 32, last[:-1] + "A", last + "A", "ü" * 32):
        if forged != last:
            assert nonces.judge(forged, connection, 1000.0) is Standing.STALE
