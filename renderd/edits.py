"""The labelmaps that one connection has asked for: which changes lead to each, and which of them are there."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from renderd.assemble import Assembly
from renderd.derived import Workshop
from renderd.errors import LabelsUnknown, RenderError, TooManyEdits
from renderd.labelmaps import Labelmap, chain_of
from renderd.protocol import Change, Edit, Edited

MAX_EDITS = 256

Find = Callable[[int, str], Assembly | None]  # series, stack → its volume, None while that is looked up or made
Say = Callable[[Edited], None]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One labelmap in the chain of its changes."""

    stack: str
    chain: str
    change: Change
    base: Node | None


class Edits:
    """On the event loop."""

    def __init__(self, find: Find, workshop: Workshop, say: Say) -> None:
        self._find, self._workshop, self._say = find, workshop, say
        self._nodes: dict[int, Node] = {}
        self._open: dict[int, Edit] = {}  # that are not answered

    def receive(self, edit: Edit) -> None:
        """A viewer asks for a labelmap. One that it asks for again, after a reconnect, is the same."""
        base = None if edit.base is None else self._nodes.get(edit.base)
        if edit.base is not None and (base is None or base.stack != edit.stack):
            self._say(Edited(edit.n, 0, [], None, LabelsUnknown.code))
        elif len(self._nodes) >= MAX_EDITS and edit.n not in self._nodes:
            self._say(Edited(edit.n, 0, [], None, TooManyEdits.code))
        else:
            chain = chain_of("" if base is None else base.chain, edit.change)
            self._nodes[edit.n] = Node(edit.stack, chain, edit.change, base)
            self._open[edit.n] = edit
            self._answer(edit)

    def changed(self) -> None:
        """Something that was not there may have come."""
        for edit in list(self._open.values()):
            self._answer(edit)

    def close(self) -> None:
        """The connection is gone."""
        for n in self._nodes:
            self._workshop.forget((id(self), n))

    def labelmap(self, n: int, assembly: Assembly) -> tuple[Hashable, Labelmap | None]:
        """Labelmap n of a volume and its key; None while it is made.

        Raises:
            LabelsUnknown: there is none of this number, or it is another volume's.
            RenderError: it cannot be made.
        """
        node = self._nodes.get(n)
        if node is None or node.stack != assembly.key[1]:
            raise LabelsUnknown(f"labelmap {n}")
        return ("labels", *assembly.key, node.chain), self._made(node, assembly, (id(self), n))

    def _made(self, node: Node, assembly: Assembly, who: Hashable) -> Labelmap | None:
        key = ("labels", *assembly.key, node.chain)
        base = None
        if node.base is not None and not self._workshop.has(key):
            base = self._made(node.base, assembly, (who, "base"))
            if base is None:
                return None
        return self._workshop.find(key, lambda: Labelmap(assembly, base, node.change), who)

    def _answer(self, edit: Edit) -> None:
        try:
            assembly = self._find(edit.series, edit.stack)
            if assembly is None or assembly.volume is None:
                return
            _, labelmap = self.labelmap(edit.n, assembly)
        except RenderError as error:
            del self._open[edit.n]
            self._say(Edited(edit.n, 0, [], None, error.code))
            return
        if labelmap is None:
            return
        del self._open[edit.n]
        volume = assembly.volume
        voxel_mm3 = None if volume.places is not None else abs(float(np.linalg.det(volume.affine[:3, :3])))
        counts = [(label, int(count)) for label, count in enumerate(labelmap.counts) if count]
        self._say(Edited(edit.n, labelmap.changed, counts, voxel_mm3))
