"""DNS-SRV, with a DNS of the test's own in a network namespace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAY = Path(__file__).with_name("srv_play.py")


def test_srv_records_are_honoured_and_the_certificate_is_the_domains(
    prosody: Any, tmp_path: Path, cannot: Callable[[str], None]
) -> None:
    if os.geteuid() != 0:
        cannot("a network namespace with a DNS server of its own needs root")
    from cwmp_test_prosody import missing  # type: ignore[import-not-found]

    if why := missing("dnsmasq", "dnsmasq-base"):
        cannot(why)
    if not shutil.which("unshare") or not shutil.which("ip"):
        cannot("unshare (util-linux) and ip (iproute2) make the namespace")
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c",
         'ip link set lo up && mount --bind "$1" /etc/resolv.conf && exec "$2" "$3"',
         "sh", str(resolv), sys.executable, str(PLAY)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0].startswith("dev.test unavailable")
    assert lines[1].startswith("prod.test unavailable")
    assert lines[2].startswith("other.test broker_down")
    assert lines[3] == "device acs@dev.test/ConnReq"
