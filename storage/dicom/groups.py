"""Frames that look the same way at the same scale, put together before anything is asked of their places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.dicom.sources import FrameSource

# PS3.3 rounds direction cosines to six digits or so; test sets have series two degrees (0.03) apart.
ORIENTATION_TOLERANCE = 1e-3
SPACING_TOLERANCE = 1e-3  # of the spacing
MIN_RADIAL = 3
MOST = 1024  # so many directions are no scan's: each frame is compared with all that came before

Array = NDArray[np.float64]


def groups_of(frames: Sequence[FrameSource], any_way: bool = False) -> list[list[FrameSource]]:
    """Frames of one orientation and spacing each, in the order in which they first come. Time grows with their number.

    any_way: orientations do not count, as among localizers. Radial reformats turn a little from image to image: what
    is alone in its direction people scroll as one Stack.
    """
    keys: dict[tuple[bool, bool], _Groups] = {}
    for frame in frames:
        orientation = None if any_way else frame.orientation
        key = orientation is None, frame.spacing is None
        if key not in keys:
            keys[key] = _Groups()
        keys[key].add(frame, orientation or [0.0] * 6, frame.spacing or [0.0] * 2)
    return [group for groups in keys.values() for group in groups.found()]


class _Groups:
    """Each with the orientation and spacing of its first frame; `rest` has what came after MOST of them."""

    def __init__(self) -> None:
        self.firsts = np.empty((16, 8))
        self.members: list[list[FrameSource]] = []
        self.rest: list[FrameSource] = []

    def add(self, frame: FrameSource, orientation: Sequence[float], spacing: Sequence[float]) -> None:
        count = len(self.members)
        own = np.array([*orientation, *spacing])
        tolerance = np.array([ORIENTATION_TOLERANCE] * 6 + [SPACING_TOLERANCE * min(spacing)] * 2)
        alike = (np.abs(self.firsts[:count] - own) <= tolerance).all(axis=1)
        if alike.any():
            self.members[int(alike.argmax())].append(frame)
        elif count == MOST:
            self.rest.append(frame)
        else:
            if count == len(self.firsts):
                self.firsts = np.concatenate([self.firsts, np.empty_like(self.firsts)])
            self.firsts[count] = own
            self.members.append([frame])

    def found(self) -> list[list[FrameSource]]:
        scale = self.firsts[: len(self.members), 6:]
        same_scale = (np.abs(scale - scale[0]) <= SPACING_TOLERANCE * scale[0].min()).all(axis=1)
        is_lone = [len(group) == 1 and bool(same) for group, same in zip(self.members, same_scale, strict=True)]
        lone = [group[0] for group, alone in zip(self.members, is_lone, strict=True) if alone] + self.rest
        if len(lone) < MIN_RADIAL and not self.rest:
            return self.members
        return [*(group for group, alone in zip(self.members, is_lone, strict=True) if not alone), lone]
