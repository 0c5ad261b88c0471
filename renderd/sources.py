"""What pictures are made from: a decoded frame, or a volume with what lies over it, all of it in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from kernels.bricks import Bricks, bricks
from kernels.layers import Layers
from kernels.volume import Volume
from renderd.assemble import Assembly
from renderd.derived import Derived
from renderd.filtered import Filtered
from renderd.labelmaps import Labelmap
from storage.dicom.masks import NOTHING, Masks
from storage.dicom.stacks import Stack


@dataclass(frozen=True, slots=True)
class StackSource:
    """One decoded frame, modality values or RGB, and what is drawn over it."""

    stack: Stack
    values: NDArray[Any]
    masks: Masks = NOTHING


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class VolumeSource:
    """A volume in memory, which stays there as long as this exists, and so does what it is dressed in.

    second: the volume that lies over it in colours. labelmap: whose labels are drawn over planes and projections.
    layers: what volume renderings and projections take into account. filtered: what is shown instead of it. held: all
    that must stay.
    """

    stack: Stack
    assembly: Assembly
    second: VolumeSource | None = None
    labelmap: Labelmap | None = None
    layers: Layers | None = None
    filtered: Filtered | None = None
    held: tuple[Derived, ...] = ()

    def __post_init__(self) -> None:
        self.assembly.sources.add(self)
        for derived in self.held:
            derived.sources.add(self)

    @property
    def plain(self) -> bool:
        """Whether nothing but the volume itself is shown: what a card holds."""
        return self.layers is None and self.filtered is None

    @property
    def volume(self) -> Volume:
        if self.filtered is not None:
            return self.filtered.volume
        volume = self.assembly.volume
        assert volume is not None
        return volume

    @property
    def bricks(self) -> Bricks:
        """Made when the first picture needs them, on the compute thread."""
        if self.filtered is not None:
            assert self.filtered.bricks is not None
            return self.filtered.bricks
        if self.assembly.bricks is None:
            self.assembly.bricks = bricks(self.volume)
        return self.assembly.bricks


Source = StackSource | VolumeSource
