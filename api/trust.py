"""Who may see how the house is while the database, which knows it, is away.

Just then the page that says what is wrong is wanted most. It names no patient; a session that was ended by another one,
or lost its role, shortly before may see it for as long as it was trusted.
"""

from __future__ import annotations

TRUST_S = 30 * 60


class Trust:
    """Sessions, by the hash of their token, that were found to have the permission; whoever calls brings the clock."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def found(self, session: str, allowed: bool, now: float) -> None:
        """What the database says of a session now; also that it has just ended."""
        self._until = {known: until for known, until in self._until.items() if until > now and known != session}
        if allowed:
            self._until[session] = now + TRUST_S

    def holds(self, session: str | None, now: float) -> bool:
        """Whether the session had the permission when it was last looked up, a short time ago."""
        return session is not None and self._until.get(session, now) > now
