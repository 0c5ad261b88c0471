"""Where a scene is rendered. The api asks here before it relays a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

SOCKET = "renderd.sock"
PREPARING = "renderd.preparing"  # how far a renderd is that does not listen yet


class RenderPool(Protocol):
    """Chooses a renderd for a scene."""

    async def acquire(self, scene: str) -> str:
        """The address of the renderd that serves this scene: the path of a Unix socket."""
        ...

    def preparing(self) -> str:
        """How many of its kernels a renderd that does not listen yet has compiled, as "3/12"; else ""."""
        ...


class LocalPool:
    """The one renderd of this machine, on a private socket in the runtime folder."""

    def __init__(self, runtime: Path) -> None:
        self.address = str(runtime / SOCKET)
        self._preparing = runtime / PREPARING

    async def acquire(self, scene: str) -> str:
        return self.address

    def preparing(self) -> str:
        try:
            return self._preparing.read_text()
        except OSError:
            return ""
