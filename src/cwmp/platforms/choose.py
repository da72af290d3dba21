"""From a platform's name and URL, as users give them, to the platform."""

from __future__ import annotations

import os

from cwmp.places import default_url
from cwmp.platforms.protocol import Platform, PlatformError

KNOWN = ("acs",)


def platform_for(
    name: str = "acs", url: str = "", token: str = "", ca_file: str = "", timeout: float = 30.0
) -> Platform:
    """The platform called `name`.

    url and token that are empty come from ``CWMP_URL`` and ``CWMP_TOKEN``; without any URL it is the
    default socket of an ACS on this machine. Raises `PlatformError` for a name or URL that cannot be right.
    """
    if (name or "acs") == "acs":
        from cwmp.platforms.acs import AcsPlatform

        return AcsPlatform(url or default_url(), token or os.environ.get("CWMP_TOKEN", ""), ca_file, timeout)
    raise PlatformError(f"There is no platform '{name}': known is {', '.join(KNOWN)}")
