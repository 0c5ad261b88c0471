"""The labelmaps that one connection has asked for: which changes lead to each, and which of them are there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.volume import Volume
from renderd.assemble import Assembly, volume_bytes
from renderd.cache import Key
from renderd.derived import Part
from renderd.errors import LabelsTaken, LabelsUnknown, RenderError, TooManyEdits
from renderd.labelmaps import Labelmap, chain_of
from renderd.protocol import Change, Edit, Edited
from renderd.workshop import Workshop
from storage.dicom.stacks import Stack

MAX_EDITS = 256
MAX_SERIES = 16  # that are edited; more would be looked up, and their volumes loaded, for nobody who sees them

Found = tuple[int, Stack]  # the institution that owns a stack, and the stack
Gathered = tuple[Sequence[Assembly], dict[Hashable, Any]]  # volumes, and what is made from them by its key
# Finds all that for one of this connection's places; None while it is made.
Gather = Callable[[Hashable, Sequence[Found], Sequence[Part]], Gathered | None]
Say = Callable[[Edited], None]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One labelmap in the chain of its changes."""

    series: int
    stack: str
    chain: str
    change: Change
    base: Node | None

    def key(self, volume: Key) -> Hashable:
        """Where its labelmap lies in the cache."""
        return ("labels", *volume, self.chain)


class Edits:
    """On the event loop. `find`: a stack by series and digest, None while that is looked up or the tools compiled."""

    def __init__(self, find: Callable[[int, str], Found | None], gather: Gather, workshop: Workshop, say: Say) -> None:
        self._find, self._gather, self._workshop, self._say = find, gather, workshop, say
        self._nodes: dict[int, Node] = {}
        self._open: dict[int, Edit] = {}  # that are not answered

    def receive(self, edit: Edit) -> None:
        """A viewer asks for a labelmap. One that it asks for again, after a reconnect, is the same."""
        try:
            self._nodes[edit.n] = self._node(edit)
        except RenderError as error:
            self._say(Edited(edit.n, 0, [], None, error.code))
            return
        self._open[edit.n] = edit
        self._answer(edit)

    def _node(self, edit: Edit) -> Node:
        base = None if edit.base is None else self._nodes.get(edit.base)
        if edit.base is not None and (base is None or base.stack != edit.stack):
            raise LabelsUnknown(f"labelmap {edit.base}")
        node = Node(
            edit.series, edit.stack, chain_of("" if base is None else base.chain, edit.change), edit.change, base
        )
        known = self._nodes.get(edit.n)
        if known is not None:
            # A picture that shows this number would go on showing what it meant before.
            if (known.series, known.stack, known.chain) != (node.series, node.stack, node.chain):
                raise LabelsTaken(f"labelmap {edit.n}")
            return known
        edited = {other.series for other in self._nodes.values()} | {edit.series}
        if len(self._nodes) >= MAX_EDITS or len(edited) > MAX_SERIES:
            raise TooManyEdits(f"labelmap {edit.n}")
        return node

    def changed(self) -> None:
        """Something that was not there may have come."""
        for edit in list(self._open.values()):
            self._answer(edit)

    def part(self, n: int, institution_id: int, stack: Stack, beside: int = 0) -> Part:
        """Labelmap n of a stack; `beside`: how many bytes must be in memory with it and the stack's volume.

        Raises:
            LabelsUnknown: there is none of this number, or it is another volume's.
            NotAVolume: the stack has none.
        """
        node, key, size = self._nodes.get(n), (institution_id, stack.digest), volume_bytes(stack)
        if node is None or node.stack != stack.digest:
            raise LabelsUnknown(f"labelmap {n}")
        voxels = size // np.dtype(stack.dtype).itemsize
        changes, base = [node.change], node.base
        # From the nearest one that is there, if there is room for both; what lies between had to make room, and its
        # changes are made again.
        has, is_alone = self._workshop.has, not self._workshop.claims.could_fit(size + beside + 2 * voxels)
        while base is not None and (is_alone or has(node.key(key)) or not has(base.key(key))):
            changes.insert(0, base.change)
            base = base.base
        begin = lambda assembly, labelmap=None: Labelmap(assembly, labelmap, changes)  # noqa: E731
        return Part(node.key(key), voxels, (key,), begin, None if base is None else base.key(key))

    def _answer(self, edit: Edit) -> None:
        place = ("edit", edit.n)
        try:
            found = self._find(edit.series, edit.stack)
            if found is None:
                return
            part = self.part(edit.n, *found)
            gathered = self._gather(place, [found], [part])
        except RenderError as error:
            del self._open[edit.n]
            self._say(Edited(edit.n, 0, [], None, error.code))
            return
        if gathered is None:
            return
        del self._open[edit.n]
        ((assembly,), made) = gathered
        labelmap: Labelmap = made[part.key]
        counts = [(label, int(count)) for label, count in enumerate(labelmap.counts) if count]
        self._say(Edited(edit.n, labelmap.changed, counts, voxel_mm3(assembly.volume)))


def voxel_mm3(volume: Volume | None) -> float | None:
    """What a voxel takes; None where slices lie unevenly."""
    assert volume is not None
    return None if volume.places is not None else abs(float(np.linalg.det(volume.affine[:3, :3])))
