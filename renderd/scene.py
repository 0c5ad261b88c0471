"""What is shown: viewports and the view in each. No socket, no GPU; the clock is passed in."""

from __future__ import annotations

from dataclasses import dataclass

from renderd.errors import InvalidMessage
from renderd.protocol import Close, Show, View

MAX_VIEWPORTS = 32  # the page has at most a dozen

# A finger that is down but still for this long counts as at rest: what it holds is being looked at.
REST_S = 0.3


@dataclass(frozen=True, slots=True)
class Viewport:
    """The newest state of one viewport. `revision` is of the scene, so it never repeats."""

    number: int
    revision: int
    view: View
    width: int
    height: int
    input: int
    moving: bool
    changed_at: float

    def rests_at(self) -> float:
        """When this viewport comes to rest if nothing new arrives."""
        return self.changed_at + REST_S if self.moving else self.changed_at


class Scene:
    """Viewports by number. Every change raises the revision; the newest state is the only one there is."""

    def __init__(self) -> None:
        self.revision = 0
        self.viewports: dict[int, Viewport] = {}

    def receive(self, message: Show | Close, now: float) -> None:
        """Take what the driver wants to see. InvalidMessage when there are too many viewports."""
        if isinstance(message, Close):
            self.viewports.pop(message.viewport, None)
            return
        if message.viewport not in self.viewports and len(self.viewports) >= MAX_VIEWPORTS:
            raise InvalidMessage(f"more than {MAX_VIEWPORTS} viewports")
        self.revision += 1
        self.viewports[message.viewport] = Viewport(
            number=message.viewport,
            revision=self.revision,
            view=message.view,
            width=message.width,
            height=message.height,
            input=message.input,
            moving=message.moving,
            changed_at=now,
        )

    @property
    def in_hand(self) -> int | None:
        """The viewport that moves; the one that changed last where several do."""
        moving = [viewport for viewport in self.viewports.values() if viewport.moving]
        return max(moving, key=lambda viewport: viewport.revision).number if moving else None

    def moves(self, now: float) -> bool:
        """Whether some viewport moves and has not come to rest."""
        return any(viewport.moving and now < viewport.rests_at() for viewport in self.viewports.values())
