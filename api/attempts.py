"""How many sign-ins failed from each address, against guessing one password for many logins.

Guessing many passwords for one login is stopped by the account's own lock (storage/users.py). This one is wider, so
that a hospital behind one address does not lock itself out, and it is forgotten by a restart. The address is the one
that connects to us: behind a reverse proxy everybody has the proxy's, because a header that names another one can be
written by anybody. docs/SETTINGS.md says so.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import suppress

ALLOWED = 200
WITHIN_S = 15 * 60
REMEMBERED = 10_000  # addresses; the one that tried longest ago is forgotten first


class Attempts:
    """The recent attempts by address, those that succeeded given back; whoever calls brings the clock."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, address: str, now: float) -> bool:
        """Count an attempt, or answer False when this address has none left.

        Before the password is looked at: that takes a while, in which any number of others could pass a mere look.
        """
        counted = self._counted.setdefault(address, deque())
        while counted and counted[0] <= now - WITHIN_S:
            counted.popleft()
        if len(counted) >= ALLOWED:
            return False
        counted.append(now)
        self._counted.move_to_end(address)
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)
        return True

    def give_back(self, address: str, taken_at: float) -> None:
        """The attempt that was counted at this time was no failure."""
        counted = self._counted.get(address, deque())
        with suppress(ValueError):  # forgotten meanwhile
            counted.remove(taken_at)
        if not counted:
            self._counted.pop(address, None)
