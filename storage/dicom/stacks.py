"""From the instances of a series to Stacks: which frames scroll together, in which order, whether they make a Volume.

Everything here is decided from headers. A Stack always opens; a refusal concerns only its Volume.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from storage.dicom.decode import is_int16
from storage.dicom.grid import SeriesGeometry, order_of, refusal_of
from storage.dicom.header import Header

# Part of every digest: raise it when modality values of the same bytes come out otherwise than before.
VALUES_VERSION = 2
# PS3.3 rounds direction cosines to six digits or so; test sets have series two degrees (0.03) apart.
ORIENTATION_TOLERANCE = 1e-3
SPACING_TOLERANCE = 1e-3  # of the spacing
CONTRAST_NAME = "0.5–99.5 %"

Vector3 = tuple[float, float, float]


class Instance(Protocol):
    """What is asked of a stored instance; storage.studies.StoredInstance has it."""

    @property
    def sop_instance_uid(self) -> str: ...
    @property
    def blob_sha256(self) -> str: ...
    @property
    def header(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class FrameSource:
    """One frame of one instance: where its bytes are and where it stands in the patient (LPS, mm)."""

    sop_instance_uid: str
    blob_sha256: str
    header: Header
    frame: int

    @property
    def instance_number(self) -> int | None:
        return self.header.instance_number

    @property
    def position(self) -> Vector3 | None:
        """Centre of the first pixel."""
        position = self.header.of_frame(self.frame, "position")
        return None if position is None else (position[0], position[1], position[2])

    @property
    def row(self) -> Vector3 | None:
        """Direction in which the column index grows."""
        o = self.header.of_frame(self.frame, "orientation")
        return None if o is None else (o[0], o[1], o[2])

    @property
    def column(self) -> Vector3 | None:
        """Direction in which the row index grows."""
        o = self.header.of_frame(self.frame, "orientation")
        return None if o is None else (o[3], o[4], o[5])

    @property
    def thickness_mm(self) -> float | None:
        thickness: float | None = self.header.of_frame(self.frame, "thickness")
        return thickness

    @property
    def location_mm(self) -> float | None:
        return self.header.location

    @property
    def windows(self) -> list[list[Any]]:
        """Its own windows: [centre, width, explanation] in modality values."""
        windows: list[list[Any]] = self.header.of_frame(self.frame, "windows")
        return windows


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames that scroll together, in order. Exactly one of `geometry` and `refusal` is None.

    digest: SHA-256 over the frames in their order; another slice makes another digest.
    dtype: "int16" where that holds every modality value exactly, "float32", or "rgb" (uint8, three channels).
    windows: the middle frame's, for the first of an MR often shows next to nothing; each frame has its own besides.
    spacing: between rows and between columns, mm. lossy: how the stored images lost information, or "".
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

    @property
    def colour(self) -> bool:
        return self.dtype == "rgb"

    @property
    def middle(self) -> FrameSource:
        """The frame that stands for the Stack in a list."""
        return self.frames[len(self.frames) // 2]


@dataclass(slots=True)
class _Group:
    """Instances that belong together, while they are being collected."""

    orientation: list[float] | None
    spacing: list[float] | None
    members: list[tuple[Instance, Header]]


def stacks_of(instances: Sequence[Instance]) -> list[Stack]:
    """Sort the instances of one series into Stacks: localizers last, else the largest first.

    Instances with nothing to show are left out. Every multi-frame instance is a Stack of its own, with its frames as
    they are stored. Single frames share a Stack when rows, columns, spacing, orientation, SOP class, colour and
    polarity agree.
    """
    keyed: dict[Any, list[_Group]] = {}
    groups: list[_Group] = []
    for instance in instances:
        header = Header.from_json(instance.header)
        if header.pixels is None:
            continue
        member = (instance, header)
        if header.pixels.frames > 1:
            groups.append(_Group(None, None, [member]))
        else:
            _join(keyed.setdefault(_key(header), []), member)
    for alike in keyed.values():
        groups += _merge_lone(alike)
    stacks = [_stack(group.members) for group in groups]
    stacks.sort(key=lambda stack: (stack.localizer, -len(stack.frames), _first_number(stack), stack.digest))
    return [replace(stack, index=index) for index, stack in enumerate(stacks)]


def not_displayable(instances: Sequence[Instance]) -> int:
    """How many instances have nothing that can be shown: reports, presentation states, unknown codecs."""
    return sum(instance.header["pixels"] is None for instance in instances)


def _key(header: Header) -> tuple[Any, ...]:
    pixels = header.pixels
    assert pixels is not None
    return (header.sop_class_uid, pixels.rows, pixels.columns, pixels.colour, header.inverted, is_localizer(header))


def is_localizer(header: Header) -> bool:
    """Whether this is a scout or survey image: it shows where the others are and is none of them."""
    return "LOCALIZER" in header.image_type[2:]


def _join(groups: list[_Group], member: tuple[Instance, Header]) -> None:
    header = member[1]
    for group in groups:
        same_way = is_localizer(header) or _close(group.orientation, header.orientation, ORIENTATION_TOLERANCE)
        step = min(header.spacing or [0])
        if same_way and _close(group.spacing, header.spacing, SPACING_TOLERANCE * step):
            group.members.append(member)
            return
    groups.append(_Group(header.orientation, header.spacing, [member]))


def _close(a: list[float] | None, b: list[float] | None, tolerance: float) -> bool:
    if a is None or b is None:
        return a is b
    return all(abs(x - y) <= tolerance for x, y in zip(a, b, strict=True))


def _merge_lone(groups: list[_Group]) -> list[_Group]:
    """Radial reformats turn a little from image to image: people scroll them as one Stack, by instance number."""
    lone = [group for group in groups if len(group.members) == 1 and _close(group.spacing, groups[0].spacing, 1e-3)]
    if len(lone) < 3:
        return groups
    together = _Group(None, groups[0].spacing, [member for group in lone for member in group.members])
    return [group for group in groups if group not in lone] + [together]


def _first_number(stack: Stack) -> int:
    return min((f.instance_number for f in stack.frames if f.instance_number is not None), default=2**31)


def _stack(members: list[tuple[Instance, Header]]) -> Stack:
    if len(members) == 1:
        instance, header = members[0]
        frames = [FrameSource(instance.sop_instance_uid, instance.blob_sha256, header, f) for f in range(header.frames)]
    else:
        order = order_of([header for _, header in members])
        ordered = [members[i] for i in order]
        frames = [FrameSource(i.sop_instance_uid, i.blob_sha256, header, 0) for i, header in ordered]
    headers = [frame.header for frame in frames] if len(members) > 1 else [frames[0].header]
    geometry, refusal = refusal_of(headers)
    first = headers[0]
    assert first.pixels is not None
    return Stack(
        index=0,
        frames=tuple(frames),
        geometry=geometry,
        refusal=refusal,
        digest=_digest(frames),
        dtype="rgb" if first.pixels.colour else "int16" if all(map(is_int16, headers)) else "float32",
        rows=first.pixels.rows,
        columns=first.pixels.columns,
        spacing=(first.spacing[0], first.spacing[1]) if first.spacing else None,
        spacing_source=first.spacing_source,
        aspect=first.aspect,
        inverted=first.inverted,
        windows=_windows(frames[len(frames) // 2]),
        window_function=first.window_function,
        unit=first.unit,
        frame_time_ms=first.frame_time_ms,
        lossy=next((header.lossy for header in headers if header.lossy), ""),
        localizer=is_localizer(first),
    )


def _windows(middle: FrameSource) -> list[list[Any]]:
    """The windows of the header, or else the one that its values ask for."""
    contrast = middle.header.contrast
    return middle.windows or ([[*contrast, CONTRAST_NAME]] if contrast else [])


def _digest(frames: list[FrameSource]) -> str:
    digest = hashlib.sha256(f"values {VALUES_VERSION}\n".encode())
    for frame in frames:
        digest.update(f"{frame.sop_instance_uid} {frame.frame} {frame.blob_sha256}\n".encode())
    return digest.hexdigest()
