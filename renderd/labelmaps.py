"""Labelmaps as a viewer's edits leave them, and what they hide: made in portions, see derived.py.

A labelmap is what its chain of changes says, and its key is made of that chain: two viewers with the same edits share
it, undo finds the older one, and one that had to make room is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import asdict
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from kernels.components import seeded
from kernels.cut import Lasso, cut
from kernels.labelmap import LABELS, mask_of
from kernels.layers import Layer
from renderd.assemble import Assembly
from renderd.camera import axes
from renderd.derived import PORTION_VOXELS, Beside, Derived
from renderd.protocol import Change, Cut, Keep, Threshold


def portions(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """First and last + 1 of so many slices as have PORTION_VOXELS."""
    step = max(1, PORTION_VOXELS // (shape[1] * shape[2]))
    for first in range(0, shape[0], step):
        yield first, min(first + step, shape[0])


def chain_of(before: str, change: Change) -> str:
    """What a labelmap is after a change, from what it was before ("" is a volume without labels)."""
    return hashlib.sha256(before.encode() + bytes(msgpack.packb(asdict(change)))).hexdigest()


class Labelmap(Derived):
    """uint8 [z, y, x] on the volume's grid; how many voxels have which label, and how many the last change changed."""

    def __init__(self, assembly: Assembly, base: Labelmap | None, change: Change) -> None:
        assert assembly.volume is not None
        super().__init__((assembly.key,), assembly.volume.array.size)
        self.volume = assembly.volume
        self.layer = Layer(np.empty(self.volume.array.shape, np.uint8))
        self.counts = np.zeros(LABELS, np.int64)
        self.changed = 0
        self._base, self._change = base, change

    def make(self) -> Iterator[Beside | None]:
        labels, change = self.layer.array, self._change
        for first, last in portions(labels.shape):
            labels[first:last] = 0 if self._base is None else self._base.layer.array[first:last]
            yield None
        if isinstance(change, Keep):
            yield lambda: self._keep(change)
        else:
            lasso = _lasso(change) if isinstance(change, Cut) else None
            for first, last in portions(labels.shape):
                if lasso is not None and isinstance(change, Cut):
                    how: dict[str, Any] = {"inside": change.inside, "only": change.only, "slices": (first, last)}
                    self.changed += cut(self.volume, labels, lasso, change.label, **how)
                elif isinstance(change, Threshold):
                    self.changed += _threshold(self.volume.array[first:last], labels[first:last], change)
                yield None
        for first, last in portions(labels.shape):
            self.counts += np.bincount(labels[first:last].reshape(-1), minlength=LABELS)
            yield None
        self._base = None  # its memory is not this one's business any more
        _ = self.layer.highest

    def _keep(self, change: Keep) -> None:
        labels = self.layer.array
        last = np.array(labels.shape[::-1]) - 1
        x, y, place = self.volume.to_index(change.point)
        at = np.rint([x, y, self.volume.slice_of(place)])
        if (at < 0).any() or (at > last).any():
            return
        x, y, z = at.astype(int)
        if labels[z, y, x] != change.label:
            return
        mine = labels == change.label
        lost = mine & ~seeded(mine, [(z, y, x)])
        self.changed = int(np.count_nonzero(lost))
        labels[lost] = change.other


def _lasso(change: Cut) -> Lasso:
    right, down = axes(change.right, change.down)
    eye = None if change.eye is None else np.array(change.eye)
    return Lasso(np.array(change.centre), right, down, np.array(change.lasso), eye)


def _threshold(values: NDArray[Any], labels: NDArray[np.uint8], change: Threshold) -> int:
    within = (values >= change.low) & (values <= change.high)
    new = np.where(within, np.uint8(change.label), np.where(labels == change.label, np.uint8(0), labels))
    changed = int(np.count_nonzero(new != labels))
    labels[...] = new
    return changed


class Hiding(Derived):
    """The mask of a labelmap when some labels are not shown."""

    def __init__(self, assembly: Assembly, labelmap: Labelmap, shown: NDArray[np.bool_]) -> None:
        super().__init__((assembly.key,), labelmap.size_bytes)
        self.layer = Layer(np.empty(labelmap.layer.array.shape, np.uint8))
        self._labelmap: Labelmap | None = labelmap
        self._shown = shown

    def make(self) -> Iterator[Beside | None]:
        assert self._labelmap is not None
        labels, mask = self._labelmap.layer.array, self.layer.array
        for first, last in portions(labels.shape):
            mask_of(labels[first:last], self._shown, mask[first:last])
            yield None
        self._labelmap = None
        _ = self.layer.highest


def mask_key(labelmap: Hashable, shown: NDArray[np.bool_]) -> Hashable:
    """What lies under it depends on nothing else."""
    return ("mask", labelmap, shown.tobytes())
