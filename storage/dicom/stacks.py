"""From the instances of a series to Stacks: which frames scroll together, in which order, whether they make a Volume.

Everything here is decided from headers. A Stack always opens; a refusal concerns only its Volume.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from storage.dicom.decode import is_int16
from storage.dicom.grid import Array as Distances
from storage.dicom.grid import SeriesGeometry, distances_of, geometry_of, has_place
from storage.dicom.groups import groups_of
from storage.dicom.header import Header
from storage.dicom.interleaved import divided
from storage.dicom.order import is_known, order_of, ranks_of, sense_of
from storage.dicom.phases import Part, Phase, split
from storage.dicom.sources import FrameSource
from storage.dicom.stations import stations_of

# Part of every digest: raise it when modality values of the same bytes come out otherwise than before.
VALUES_VERSION = 4
MIN_OF_REFERENCE = 3  # images of one frame of reference: fewer have got another one each when they lost their names
CONTRAST_NAME = "0.5–99.5 %"
SOFT_TISSUE = (40.0, 400.0)  # HU, centre and width


class Instance(Protocol):
    """What is asked of a stored instance; storage.studies.StoredInstance has it."""

    @property
    def sop_instance_uid(self) -> str: ...
    @property
    def blob_sha256(self) -> str: ...
    @property
    def header(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames that scroll together, in order. Exactly one of `geometry` and `refusal` is None.

    digest: SHA-256 over the frames in their order; another slice makes another digest.
    dtype: "int16" where that holds every modality value exactly, "float32", or "rgb" (uint8, three channels).
    windows: the middle frame's, for the first of an MR often shows next to nothing; each frame has its own besides.
    spacing: between rows and between columns, mm. lossy: how all images lost information, "lossy" where
    they differ in that, or "".
    phase: which one of several Stacks of the same places it is; they run the same way and stand side by side.
    """

    index: int
    frames: tuple[FrameSource, ...]
    geometry: SeriesGeometry | None
    refusal: str | None
    digest: str
    dtype: str
    rows: int
    columns: int
    spacing: tuple[float, float] | None
    spacing_source: str
    aspect: float
    inverted: bool
    windows: list[list[Any]]
    window_function: str
    unit: str
    frame_time_ms: float | None
    lossy: str
    localizer: bool
    phase: Phase | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the geometry and of what is not shown, as keys of the viewer's dictionary."""
        order = ("note_phase_order",) if self.phase and self.phase.by_order else ()
        if not self.geometry and not is_known(self.frames):
            order = ("note_order",)
        more = ("note_more_frames",) if any(map(_is_surplus, self.frames)) else ()
        colours = ("note_colours",) if any(frame.header.supplemental for frame in self.frames) else ()
        unknown = ("note_no_rescale",) if any(frame.is_unknown for frame in self.frames) else ()
        return (*(self.geometry.notes if self.geometry else ()), *order, *colours, *more, *unknown)

    @property
    def frame_times_ms(self) -> list[float] | None:
        """How long each frame is shown, where the frames of a cine have their own times."""
        header = self.frames[0].header
        times = header.frame_times_ms
        if times is None or any(frame.header is not header for frame in self.frames):
            return None
        return [times[frame.frame] for frame in self.frames]

    @property
    def overlays(self) -> bool:
        """Whether something is drawn over a frame."""
        return any(frame.header.overlays for frame in self.frames)

    @property
    def shutter(self) -> bool:
        """Whether a part of a frame is hidden."""
        return any(frame.header.of_frame(frame.frame, "shutter") for frame in self.frames)

    @property
    def colour(self) -> bool:
        return self.dtype == "rgb"

    @property
    def middle(self) -> FrameSource:
        """The frame that stands for the Stack in a list."""
        return self.frames[len(self.frames) // 2]


def stacks_of(instances: Sequence[Instance]) -> list[Stack]:
    """Sort the instances of one series into Stacks: localizers last, else the largest first.

    Instances with nothing to show are left out. A multi-frame instance whose frames do not say where they stand is a
    Stack of its own, with its frames as they are stored. All other frames, tiles of mosaics too, share a Stack when
    rows, columns, spacing, orientation, frame of reference, SOP class, colour, polarity and units agree; of the same
    places they become phases, each a Stack, as are scans side by side (stations) and between each other.
    """
    headers = [Header.from_json(instance.header) for instance in instances]
    references = Counter[str]()
    for header in headers:
        references[header.frame_of_reference] += header.mosaic["tiles"] if header.mosaic else header.frames
    keyed: dict[Any, list[FrameSource]] = {}
    made: list[list[Stack]] = []
    for instance, header in zip(instances, headers, strict=True):
        if header.pixels is None:
            continue
        frames = _frames(instance, header)
        if not frames[0].placed:
            made.append([_stack(frames)])
            continue
        reference = header.frame_of_reference if references[header.frame_of_reference] >= MIN_OF_REFERENCE else ""
        key = _key(header)
        for frame in frames:
            # One image that does not say where it is must not take the places of all others.
            own = frame.kind, frame.separators.get("stack"), has_place(frame)
            keyed.setdefault((*key, reference, *own), []).append(frame)
    for alike in keyed.values():
        for group in groups_of(alike, any_way=is_localizer(alike[0].header)):
            made += _families(group)
    made.sort(key=lambda family: (family[0].localizer, -len(family[0].frames), _first_number(family), family[0].digest))
    return [replace(stack, index=index) for index, stack in enumerate(stack for family in made for stack in family)]


def _is_surplus(frame: FrameSource) -> bool:
    return frame.header.pixels is not None and frame.header.pixels.surplus


def _frames(instance: Instance, header: Header) -> list[FrameSource]:
    """What one instance shows: its frames as stored, or the tiles of a mosaic."""
    where = (instance.sop_instance_uid, instance.blob_sha256, header)
    if header.mosaic is not None:
        return [FrameSource(*where, 0, tile) for tile in range(header.mosaic["tiles"])]
    return [FrameSource(*where, frame) for frame in range(header.frames)]


def _key(header: Header) -> tuple[Any, ...]:
    pixels = header.pixels
    assert pixels is not None
    kind = pixels.colour, header.inverted, header.separators.get("units"), is_localizer(header)
    # Where there is no spacing, only the ratio of its own sides says how high a pixel is.
    scale = header.spacing_source, None if header.spacing else round(header.aspect, 3)
    return (header.sop_class_uid, pixels.rows, pixels.columns, *kind, *scale)


def is_localizer(header: Header) -> bool:
    """Whether this is a scout or survey image: it shows where the others are and is none of them."""
    return "LOCALIZER" in header.image_type[2:]


def _first_number(family: Sequence[Stack]) -> tuple[int, int, int]:
    numbers = [frame.number for stack in family for frame in stack.frames if frame.number is not None]
    return min(numbers, default=(2**31, 0, 0))


def _families(frames: list[FrameSource]) -> list[list[Stack]]:
    """The Stacks of alike frames: one, or for each family of phases several that run the same way."""
    distances = distances_of(frames)
    if distances is None or len(frames) == 1:
        return [[_stack([frames[i] for i in order_of(frames, distances, ranks_of(frames))])]]
    found = []
    for station in stations_of(frames, distances):
        beside = [frames[i] for i in station]
        for scan in divided(beside, distances[station], ranks_of(beside)):
            found += _phases([beside[i] for i in scan], distances[station[scan]])
    return found


def _phases(frames: list[FrameSource], distances: Distances) -> list[list[Stack]]:
    """As `_families`, of frames that stand behind each other."""
    ranks = ranks_of(frames)
    parts = split(frames, distances, ranks)
    if parts is None:
        return [[_stack([frames[i] for i in order_of(frames, distances, ranks)])]]
    sets = np.empty(len(frames), np.int64)
    for number, part in enumerate(parts):
        sets[part.frames] = number
    sense = sense_of(distances, ranks, sets)
    families: dict[int, list[tuple[Part, Stack]]] = {}
    for part in parts:
        own = [frames[i] for i in part.frames]
        order = part.frames[order_of(own, distances[part.frames], ranks[part.frames], sense)]
        families.setdefault(part.family, []).append((part, _stack([frames[i] for i in order])))
    return [_with_phases(family) for family in families.values()]


def _with_phases(family: list[tuple[Part, Stack]]) -> list[Stack]:
    if len(family) == 1:
        return [stack for _, stack in family]
    # Named by one of them: it changes with its images, as digests do.
    group, count = family[0][1].digest[:16], len(family)
    return [
        replace(stack, phase=Phase(group, number, count, part.kind, part.value, part.text, part.by_order))
        for number, (part, stack) in enumerate(family)
    ]


def _stack(frames: Sequence[FrameSource]) -> Stack:
    """A Stack of frames in their order."""
    geometry, refusal = geometry_of(frames)
    first, middle = frames[0], frames[len(frames) // 2]
    headers = list({id(frame.header): frame.header for frame in frames}.values())
    header, spacing = first.header, first.spacing
    assert header.pixels is not None
    unit = first.unit if all(frame.unit == first.unit for frame in frames) else ""
    return Stack(
        index=0,
        frames=tuple(frames),
        geometry=geometry,
        refusal=refusal,
        digest=_digest(frames),
        dtype="rgb" if header.pixels.colour else "int16" if all(map(is_int16, headers)) else "float32",
        rows=first.rows,
        columns=first.columns,
        spacing=(spacing[0], spacing[1]) if spacing else None,
        spacing_source=header.spacing_source,
        aspect=header.aspect,
        inverted=header.inverted,
        windows=_windows(middle, unit),
        window_function=middle.window_function,
        unit=unit,
        frame_time_ms=header.frame_time_ms,
        lossy=_common_loss({one.lossy for one in headers}),
        localizer=is_localizer(header),
    )


def _common_loss(losses: set[str]) -> str:
    return losses.pop() if len(losses) == 1 else "lossy"


def _windows(middle: FrameSource, unit: str) -> list[list[Any]]:
    """The windows of the header, or else the one that its values ask for. unit: of all frames."""
    contrast = middle.header.contrast
    if middle.windows or middle.unit == "HU":
        # A reader chooses among those for Hounsfield units only where all frames have them.
        return middle.windows or ([] if unit else [[*SOFT_TISSUE, ""]])
    return [[*contrast, CONTRAST_NAME]] if contrast else []


def _digest(frames: Sequence[FrameSource]) -> str:
    digest = hashlib.sha256(f"values {VALUES_VERSION}\n".encode())
    for frame in frames:
        place = frame.frame if frame.tile is None else f"{frame.frame}.{frame.tile}"
        digest.update(f"{frame.sop_instance_uid} {place} {frame.blob_sha256}\n".encode())
    return digest.hexdigest()
