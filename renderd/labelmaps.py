"""Labelmaps as a viewer's edits leave them, and what they hide: made in portions, see derived.py.

A labelmap is what its chain of changes says, and its key is made of that chain: two viewers with the same edits share
it, undo finds the older one, and one that had to make room is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from kernels.cut import Lasso, cut
from kernels.labelmap import LABELS, mask_of
from kernels.layers import Layer
from kernels.volume import Volume
from renderd.assemble import Assembly
from renderd.cache import Key
from renderd.camera import axes
from renderd.connecting import keep_connected
from renderd.derived import Beside, Derived, Part
from renderd.protocol import Change, Cut, Keep, Threshold


def chain_of(before: str, change: Change) -> str:
    """What a labelmap is after a change, from what it was before ("" is a volume without labels)."""
    return hashlib.sha256(before.encode() + bytes(msgpack.packb(asdict(change)))).hexdigest()


class Labelmap(Derived):
    """uint8 [z, y, x] on the volume's grid; how many voxels have which label, and how many the last change changed.

    base: what the changes begin with; None: a volume without labels.
    """

    layer: Layer

    def __init__(self, assembly: Assembly, base: Labelmap | None, changes: Sequence[Change]) -> None:
        assert assembly.volume is not None
        super().__init__(assembly.volume.array.size)
        self.counts = np.zeros(LABELS, np.int64)
        self.changed = 0
        self._volume: Volume | None = assembly.volume
        self._base, self._changes = base, changes

    def make(self) -> Iterator[Beside | None]:
        volume = self._volume
        assert volume is not None
        labels = np.empty(volume.array.shape, np.uint8)
        for first, last in self.portions(len(labels)):
            labels[first:last] = 0 if self._base is None else self._base.layer.array[first:last]
            yield None
        for change in self._changes:
            self.changed = 0
            yield from self._change(volume, labels, change)
        for first, last in self.portions(len(labels)):
            self.counts += np.bincount(labels[first:last].reshape(-1), minlength=LABELS)
            yield None
        layer = Layer(labels)
        _ = layer.highest
        self.layer, self._volume, self._base = layer, None, None  # whose memory is not this one's business any more

    def _change(self, volume: Volume, labels: NDArray[np.uint8], change: Change) -> Iterator[Beside | None]:
        if isinstance(change, Keep):
            yield lambda: self._keep(volume, labels, change)
            return
        lasso = _lasso(change) if isinstance(change, Cut) else None
        for first, last in self.portions(len(labels)):
            if lasso is not None and isinstance(change, Cut):
                how: dict[str, Any] = {"inside": change.inside, "only": change.only, "slices": (first, last)}
                self.changed += cut(volume, labels, lasso, change.label, **how)
            elif isinstance(change, Threshold):
                self.changed += _threshold(volume.array[first:last], labels[first:last], change)
            yield None

    async def _keep(self, volume: Volume, labels: NDArray[np.uint8], change: Keep) -> None:
        last = np.array(labels.shape[::-1]) - 1
        x, y, place = volume.to_index(change.point)
        at = np.rint([x, y, volume.slice_of(place)])
        if (at < 0).any() or (at > last).any():
            return
        x, y, z = at.astype(int).tolist()
        if labels[z, y, x] == change.label:
            self.changed = await keep_connected(labels, (z, y, x), change.other)


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


def hiding_part(key: Key, labelmap: Part, shown: NDArray[np.bool_]) -> Part:
    """The mask of a labelmap when only some labels are shown."""
    name = ("mask", labelmap.key, shown.tobytes())
    begin = lambda assembly, base: Hiding(base, shown)  # noqa: E731 - one line says what is made
    return Part(name, labelmap.size_bytes, (key,), begin, labelmap.key)


class Hiding(Derived):
    """The mask of a labelmap when some labels are not shown."""

    layer: Layer

    def __init__(self, labelmap: Labelmap, shown: NDArray[np.bool_]) -> None:
        super().__init__(labelmap.size_bytes)
        self._labels: NDArray[np.uint8] | None = labelmap.layer.array
        self._shown = shown

    def make(self) -> Iterator[Beside | None]:
        labels = self._labels
        assert labels is not None
        mask = np.empty(labels.shape, np.uint8)
        for first, last in self.portions(len(labels)):
            mask_of(labels[first:last], self._shown, mask[first:last])
            yield None
        layer = Layer(mask)
        _ = layer.highest
        self.layer, self._labels = layer, None
