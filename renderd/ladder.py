"""How large and how fine a moving picture is: the first rung of a ladder that is made within the time there is.

The best rung is the viewport's own size with the step of a still. Then comes a step twice as long, which halves the
work and is hardly seen while things move, and then smaller pictures, a quarter of an octave each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

KEPT = 64
SHRINK = 2**-0.25
CLIMB = 0.75  # of the time there is: a better rung must fit with room to spare, or sizes would tremble


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to make a moving picture. `scale`: its size, of the viewport's; `fine`: with the step of a still."""

    scale: float
    fine: bool = False


def rungs(largest: float, smallest: float, *, has_steps: bool) -> tuple[Rung, ...]:
    """The ladder between two scales, best first; `has_steps`: there is a fine step and a coarse one."""
    scales = [largest]
    while scales[-1] * SHRINK > smallest:
        scales.append(scales[-1] * SHRINK)
    if scales[-1] > smallest:
        scales.append(smallest)
    finest = (Rung(largest, fine=True),) if has_steps else ()
    return (*finest, *(Rung(scale) for scale in scales))


class Ladder:
    """Which rung each kind of picture stands on."""

    def __init__(self) -> None:
        self._at: OrderedDict[Hashable, int] = OrderedDict()

    def choose(self, kind: Hashable, ladder: Sequence[Rung], seconds: Callable[[Rung], float], budget_s: float) -> Rung:
        """The best rung that is expected to fit, the last where none does.

        Down at once, since the picture is late; up only with room to spare. `kind` names the ladder: the same kind
        has the same rungs.
        """

        def first(limit_s: float) -> int:
            return next((i for i, rung in enumerate(ladder) if seconds(rung) <= limit_s), len(ladder) - 1)

        at = first(budget_s)
        before = self._at.get(kind)
        if before is not None and at < before:
            at = min(before, first(CLIMB * budget_s))
        self._at[kind] = at
        self._at.move_to_end(kind)
        while len(self._at) > KEPT:
            self._at.popitem(last=False)
        return ladder[at]
