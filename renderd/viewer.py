"""Who watches a scene: what one connection was sent, what is under way to it, and what to make for it next.

No socket, no thread, no clock. A picture goes through `wants` → `begin` → `rendered` → `made` → `take` → `shown`.
Between them the newest state wins: a viewport has at most two pictures in the making and one waiting for the socket, a
waiting one is replaced, and an older picture never follows a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from renderd.credit import Delivery, Departure
from renderd.protocol import LEVELS, Shown, View, VolumeView
from renderd.scene import Scene, Viewport

# One is rendered while the one before it is encoded.
MAKING = 2


class Stage(IntEnum):
    """The pictures of one state, in the order in which they come."""

    PREVIEW = 0  # as small and as coarse as it must be to be on time
    REFINED = 1  # a preview in full size, of a viewport that rests
    FINAL = 2  # lossless and in full


@dataclass(frozen=True, slots=True, eq=False)
class Want:
    """One picture to make, fixed when it begins. Of previews `level` says how good the line is."""

    viewport: int
    revision: int
    view: View
    width: int
    height: int
    input: int
    stage: Stage
    level: int

    @property
    def final(self) -> bool:
        return self.stage is Stage.FINAL

    @property
    def rests(self) -> bool:
        """Whether it is of a viewport that does not move, and gives way to any that does."""
        return self.stage is not Stage.PREVIEW

    @property
    def order(self) -> tuple[int, Stage]:
        """Newer pictures are larger."""
        return (self.revision, self.stage)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture ready to be sent: `body` is everything behind the header."""

    want: Want
    codec: int
    flags: int
    width: int
    height: int
    render_us: int
    encode_us: int
    body: bytes


@dataclass(slots=True)
class _Slot:
    """What this viewer knows of one viewport."""

    begun: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(Stage, 0))  # the newest revision of each
    failed: int = 0  # the newest revision that cannot be shown
    shows: tuple[View, int, int] | None = None  # what the newest begun picture shows: view, width, height
    making: list[Want] = field(default_factory=list)
    waiting: Frame | None = None
    small: bool = False  # the newest picture has less than half of the pixels that its level allows
    newest: tuple[int, Stage] = (0, Stage.PREVIEW)  # the order of the newest picture that was made or sent
    sequence: int = 0
    served: int = 0  # when it had its last turn
    under_way: dict[int, Departure] = field(default_factory=dict)

    @property
    def owed(self) -> int:
        """Pictures that were begun and not yet acknowledged."""
        return len(self.making) + (self.waiting is not None) + len(self.under_way)


class Viewer:
    """One connection that watches one scene."""

    def __init__(self) -> None:
        self.visible = True
        self.level = 0
        self._slots: dict[int, _Slot] = {}
        self._delivery = Delivery()
        self._turn = 0
        self._served: int | None = None

    # ── what the viewer said ──

    def see(self, visible: bool) -> None:
        """The page was hidden or can be seen again."""
        self.visible = visible

    def close(self, viewport: int) -> None:
        """The viewport is gone; what is still being made for it will be dropped."""
        self._slots.pop(viewport, None)

    def shown(self, message: Shown, now: float) -> None:
        """A frame is on the screen, and so everything older is done with. An unknown one is ignored."""
        self.level = min(message.level, len(LEVELS) - 1)
        slot = self._slots.get(message.viewport)
        if slot is None or message.sequence > slot.sequence:
            return
        for sequence in [s for s in slot.under_way if s <= message.sequence]:
            self._delivery.arrived(slot.under_way.pop(sequence), now)

    # ── what to make next ──

    @property
    def credit(self) -> int:
        """How many pictures may be begun and not yet acknowledged, all viewports together."""
        return self._delivery.credit

    @property
    def owed(self) -> int:
        """Pictures that were begun and not yet acknowledged."""
        return sum(slot.owed for slot in self._slots.values())

    def wants(self, scene: Scene, now: float) -> list[Want]:
        """What may be begun now, the most urgent first. Begin one and ask again."""
        if not self.visible or self.owed >= self.credit:
            return []
        wants = [want for viewport in scene.viewports.values() for want in self._wants(viewport, now)]
        in_hand = scene.in_hand

        def urgency(want: Want) -> tuple[Stage, bool, int]:
            # The viewport in hand first, but every other turn is for the others: a slow one must not starve them.
            first = want.viewport == in_hand and want.viewport != self._served
            return (want.stage, not first, self._slots[want.viewport].served)

        return sorted(wants, key=urgency)

    def _wants(self, viewport: Viewport, now: float) -> Iterator[Want]:
        slot = self._slots.setdefault(viewport.number, _Slot())
        if slot.waiting is not None or len(slot.making) >= MAKING or slot.failed >= viewport.revision:
            return
        rests = now >= viewport.rests_at()
        # Letting go: what is on the screen is already this, so the still starts at once.
        is_seen = rests and slot.shows == (viewport.view, viewport.width, viewport.height)
        if max(slot.begun.values()) < viewport.revision and not is_seen:
            yield self._want(viewport, Stage.PREVIEW)
        elif rests and slot.begun[Stage.FINAL] < viewport.revision:
            is_refined = slot.begun[Stage.REFINED] >= viewport.revision
            refines = slot.small and not is_refined and _refinable(viewport.view)
            yield self._want(viewport, Stage.REFINED if refines else Stage.FINAL)

    def _want(self, viewport: Viewport, stage: Stage) -> Want:
        return Want(
            viewport=viewport.number,
            revision=viewport.revision,
            view=viewport.view,
            width=viewport.width,
            height=viewport.height,
            input=viewport.input,
            stage=stage,
            level=self.level,
        )

    def due(self, scene: Scene, now: float) -> float | None:
        """When a moving viewport comes to rest; None when time alone changes nothing."""
        times = [viewport.rests_at() for viewport in scene.viewports.values() if viewport.moving]
        return min((time for time in times if time > now), default=None)

    def is_current(self, want: Want, scene: Scene) -> bool:
        """Whether a picture in the making is still worth going on with; what rests gives way to any new input."""
        viewport = scene.viewports.get(want.viewport)
        slot = self._slots.get(want.viewport)
        if not self.visible or viewport is None or slot is None or want not in slot.making:
            return False
        return not want.rests or want.revision == viewport.revision

    # ── what becomes of it ──

    def begin(self, want: Want) -> None:
        """The picture is being made."""
        slot = self._slots[want.viewport]
        slot.making.append(want)
        slot.shows = (want.view, want.width, want.height)
        slot.begun[want.stage] = want.revision
        self._turn += 1
        slot.served, self._served = self._turn, want.viewport

    def drop(self, want: Want) -> None:
        """It will not be made; if its state is still the newest it is wanted again."""
        slot = self._of(want)
        if slot is None:
            return
        slot.making.remove(want)
        if slot.begun[want.stage] == want.revision:
            slot.begun[want.stage] -= 1
            if not want.rests:
                slot.shows = None

    def fail(self, want: Want) -> None:
        """It cannot be made; nothing is until the viewport changes. Also for a picture that was never begun."""
        slot = self._of(want)
        if slot is not None:
            slot.making.remove(want)
        slot = self._slots.get(want.viewport)
        if slot is not None:
            slot.failed = max(slot.failed, want.revision)
            slot.shows = None

    def rendered(self, want: Want, width: int, height: int) -> None:
        """It has its pixels, so many, and is being encoded."""
        slot = self._of(want)
        if slot is not None:
            scale = LEVELS[want.level][0]
            slot.small = not want.rests and 2 * width * height < scale**2 * want.width * want.height

    def made(self, frame: Frame, scene: Scene) -> bool:
        """It is made. False when it is not worth sending any more."""
        want = frame.want
        if not self.is_current(want, scene):
            self.drop(want)
            return False
        slot = self._slots[want.viewport]
        slot.making.remove(want)
        if want.order <= slot.newest:
            return False
        slot.newest = want.order
        slot.waiting = frame
        return True

    def take(self, scene: Scene, now: float) -> tuple[Frame, int] | None:
        """The next frame for the socket and its sequence; from now on it is under way. None when nothing waits."""
        for number, slot in sorted(self._slots.items(), key=lambda item: item[1].served):
            frame, slot.waiting = slot.waiting, None
            if frame is None:
                continue
            viewport = scene.viewports.get(number)
            if viewport is None or (frame.want.rests and frame.want.revision != viewport.revision):
                continue
            slot.sequence += 1
            idle = not any(other.under_way for other in self._slots.values())
            slot.under_way[slot.sequence] = self._delivery.departed(len(frame.body), now, idle)
            return frame, slot.sequence
        return None

    def _of(self, want: Want) -> _Slot | None:
        """The slot in which this picture is being made; None when the viewport was closed since."""
        slot = self._slots.get(want.viewport)
        return slot if slot is not None and want in slot.making else None


def _refinable(view: View) -> bool:
    """Whether a preview in full size is there long before the final: where that has a finer step."""
    return isinstance(view, VolumeView) and view.projection is None
