"""How many sign-ins failed from each address, against guessing one password for many logins.

Guessing many passwords for one login is stopped by the account's own lock (storage/users.py). This one is wider, so
that a hospital behind one address does not lock itself out, and it is forgotten by a restart.
"""

from __future__ import annotations

from collections import OrderedDict, deque

ALLOWED = 50
WITHIN_S = 15 * 60
REMEMBERED = 10_000  # addresses; the one that failed longest ago is forgotten first


class Attempts:
    """The recent failures by address; whoever calls brings the clock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def allowed(self, address: str, now: float) -> bool:
        """Whether this address may try once more."""
        failures = self._failures.get(address)
        while failures and failures[0] <= now - WITHIN_S:
            failures.popleft()
        return not failures or len(failures) < ALLOWED

    def failed(self, address: str, now: float) -> None:
        """A sign-in from this address failed."""
        self._failures.setdefault(address, deque(maxlen=ALLOWED)).append(now)
        self._failures.move_to_end(address)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
