"""The bindings a STUN server has seen: which address answers for which device. Bounded, in memory only."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

Address = tuple[str, int]
"""Host (a plain number, IPv4 where it is mapped into IPv6) and port."""


@dataclass(slots=True)
class Binding:
    """What was seen from one address.

    proven: the username was proven with a MESSAGE-INTEGRITY. listening: the device says that it takes
    connection requests there. seen: when last, on the clock of the loop. reply_to: as the socket wants it.
    """

    address: Address
    reply_to: tuple[str, int] | tuple[str, int, int, int]
    username: str
    proven: bool
    listening: bool
    seen: float


class Bindings:
    """At most `limit` bindings, those not seen for the longest time forgotten; unproven ones have a half of
    the room at most, so that made-up addresses never drive out devices that proved who they are.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self.limit = limit
        self._proven: OrderedDict[Address, Binding] = OrderedDict()
        self._claimed: OrderedDict[Address, Binding] = OrderedDict()
        self._by_username: dict[str, Address] = {}

    def __len__(self) -> int:
        return len(self._proven) + len(self._claimed)

    def note(self, binding: Binding) -> None:
        """A binding request has come: remember it as the newest."""
        own, other = (self._proven, self._claimed) if binding.proven else (self._claimed, self._proven)
        before = own.pop(binding.address, None)
        if before is None:
            # A request without proof from a proven address changes nothing: that may be anybody's.
            if not binding.proven and binding.address in other:
                return
            before = other.pop(binding.address, None)
        if before is not None and before.username != binding.username:
            self._unname(before)
        own[binding.address] = binding
        if binding.username:
            held = self._by_username.get(binding.username)
            if binding.proven or held is None or held not in self._proven:
                self._by_username[binding.username] = binding.address
        room = self.limit if binding.proven else self.limit // 2
        while len(own) > room or len(self) > self.limit:
            crowd = self._claimed if self._claimed and len(own) <= room else own
            self._unname(crowd.popitem(last=False)[1])

    def at(self, address: Address) -> Binding | None:
        """The binding seen from this address."""
        return self._proven.get(address) or self._claimed.get(address)

    def of(self, username: str) -> Binding | None:
        """The newest binding under this username; a proven one before any that is not."""
        address = self._by_username.get(username) if username else None
        return self.at(address) if address is not None else None

    def _unname(self, binding: Binding) -> None:
        if self._by_username.get(binding.username) == binding.address:
            del self._by_username[binding.username]
