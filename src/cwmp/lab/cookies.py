"""The cookies of one CWMP session (TR-069a6 §3.4.6, RFC 6265 as far as an ACS can use it)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    path: str
    secure: bool


@dataclass(slots=True)
class CookieJar:
    """Cookies by host, for the length of one session; a redirected session keeps each host's own.

    Domain attributes are ignored, so a cookie goes back to the very host that set it and nowhere else.
    """

    _by_host: dict[str, dict[tuple[str, str], _Cookie]] = field(default_factory=dict)

    def take(self, host: str, target: str, header: str) -> None:
        """Keep the cookie of one Set-Cookie header; a malformed one is ignored, an expired one removed."""
        pair, *attributes = header.split(";")
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            return
        path = target.partition("?")[0].rpartition("/")[0] or "/"
        secure = False
        gone = False
        for attribute in attributes:
            key, _, text = attribute.partition("=")
            match key.strip().lower():
                case "path" if text.strip().startswith("/"):
                    path = text.strip()
                case "secure":
                    secure = True
                case "max-age":
                    digits = text.strip()
                    gone = digits.startswith("-") or digits.strip("0") == ""
                case _:
                    pass
        cookies = self._by_host.setdefault(host, {})
        if gone:
            cookies.pop((name, path), None)
        else:
            cookies[(name, path)] = _Cookie(value.strip(), path, secure)

    def header(self, host: str, target: str, *, secure: bool) -> str:
        """The Cookie header's value for a request, "" when there is none to send."""
        cookies = self._by_host.get(host)
        if not cookies:
            return ""
        place = target.partition("?")[0]
        return "; ".join(
            f"{name}={cookie.value}"
            for (name, _), cookie in sorted(cookies.items(), key=lambda item: -len(item[1].path))
            if (secure or not cookie.secure) and _covers(cookie.path, place)
        )


def _covers(path: str, place: str) -> bool:
    """RFC 6265 §5.1.4: the cookie's path is the request's, or a whole-segment prefix of it."""
    return place == path or (place.startswith(path) and (path.endswith("/") or place[len(path)] == "/"))
