"""Who may do what in which institution. The api and renderd both ask here, and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.database import Connection
from storage.sessions import ABSOLUTE, IDLE
from storage.sql import load

SQL = load(__file__)

# Told with the user's id whenever a session or a role ends; see Database.notifications.
CHANNEL = "farview_access"

READ_STUDIES = "studies.read"
DERIVE_SERIES = "series.derive"  # store series that were computed from others, in the same study
READ_SYSTEM = "system.read"

# A role is a set of permissions, and this table is the only place that knows them.
ROLES: Mapping[str, frozenset[str]] = {
    "reader": frozenset({READ_STUDIES, DERIVE_SERIES}),
    "system": frozenset({READ_SYSTEM}),  # how processes and disks are; no patient
}

# Using a session is written down once a minute, not at every request.
TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Access:
    """What one signed-in person may do. `granted`: institution id → permissions in it."""

    user_id: int
    login: str
    institutions: dict[int, str]
    granted: dict[int, frozenset[str]]
    must_change_password: bool

    @property
    def permissions(self) -> frozenset[str]:
        """What this person may do somewhere."""
        return frozenset[str]().union(*self.granted.values())

    def may(self, permission: str, institution_id: int | None = None) -> bool:
        """Whether this person may do that in this institution, or in any when none is named."""
        return any(institution_id in (None, where) for where in self.where(permission))

    def where(self, permission: str) -> list[int]:
        """The institutions in which this person may do that: what to give to `Database.acting`.

        Nowhere while the password must be changed.
        """
        if self.must_change_password:
            return []
        return [institution for institution, permissions in self.granted.items() if permission in permissions]


async def find_access(
    connection: Connection, session_token_hash: str, now: datetime | None = None, *, touch: bool = True
) -> Access | None:
    """What the person with this session may do now; None when there is no such session or it has ended.

    touch: this look-up is something the person did, so the idle time starts again. Without it, it only looks.
    """
    now = now or datetime.now(UTC)
    rows = await connection.fetch(SQL["find"], session_token_hash, now - ABSOLUTE, now - IDLE)
    if not rows:
        return None
    if touch and now - rows[0]["used_at"] >= TOUCH:
        await connection.execute(SQL["touch"], session_token_hash, now)
    institutions: dict[int, str] = {}
    granted: dict[int, frozenset[str]] = defaultdict(frozenset)
    for row in rows:
        if row["institution_id"] is not None:
            institutions[row["institution_id"]] = row["institution"]
            granted[row["institution_id"]] |= ROLES.get(row["role"], frozenset())
    return Access(rows[0]["user_id"], rows[0]["login"], institutions, dict(granted), rows[0]["must_change_password"])
