"""The messages between a viewer and renderd: one WebSocket, binary messages only.

A message whose first byte is below 0x10 is a frame: `HEADER`, for a final frame the SHA-256 of its raw pixels,
then the encoded picture. Every other message is one msgpack map whose key "t" names the dataclass.

`FromViewer` and `ToViewer` are the truth. viewer/src/stream/messages.ts is written from them by `make types`.
The version is the WebSocket subprotocol. docs/PROTOCOL.md tells the story of one drag.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass, fields
from enum import IntEnum, IntFlag
from itertools import combinations
from math import hypot
from typing import Annotated, Any, Literal, NamedTuple

import msgpack
from pydantic import Field, TypeAdapter, ValidationError

from renderd.errors import InvalidMessage

SUBPROTOCOL = "farview.1"
MAX_MESSAGE_BYTES = 64 * 1024  # from a viewer; its largest message is a `view` of some kilobytes
MAX_SIDE = 4096  # pixels; a viewport larger than this is rendered smaller and scaled by the page

# What the viewer may ask for while it moves: (size relative to the viewport, JPEG quality), best first.
LEVELS = ((1.0, 85), (1.0, 70), (1.0, 50), (0.5, 80), (0.5, 60), (0.5, 40))

MAX_POINTS = 32  # of a transfer function's curve
MAX_CONTROL_POINTS = 128  # of a curve in the patient
MAX_LASSO = 512  # corners of what a scalpel draws
MAX_STYLES = 32
MAX_CORNERS = 256  # of a region that is measured
MAX_CLIP_PLANES = 6  # of a volume rendering, beside its box: kernels take twelve

# What a number may be; each bound is that of the header's field, or beyond what any image has.
U16 = Annotated[int, Field(ge=0, lt=1 << 16)]
U32 = Annotated[int, Field(ge=0, lt=1 << 32)]
Count = Annotated[int, Field(ge=0, lt=1 << 31)]
Id = Annotated[int, Field(gt=0, lt=1 << 63)]
Side = Annotated[int, Field(gt=0, lt=1 << 16)]
Length = Annotated[float, Field(ge=1e-6, le=1e7, allow_inf_nan=False)]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Value = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Thickness = Annotated[float, Field(ge=0, le=1e4, allow_inf_nan=False)]
WindowWidth = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=64)]
# What a new series is called: DICOM's LO without its separator and control characters.
Description = Annotated[str, Field(max_length=64, pattern=r"^[^\\\x00-\x1f\x7f]*$")]
# A viewer's own name for what it asks; asked again under the same name it is the same.
RequestId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
# A Stack by what is in it, so that a picture and the texts beside it never come from different frames.
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

# A point of a curve: value, colour, and the opacity of one millimetre.
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
Opacity = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
CurvePoint = tuple[Value, Colour, Opacity]

Degrees = Annotated[float, Field(ge=10, le=90, allow_inf_nan=False)]
Vector2 = tuple[Coordinate, Coordinate]
Vector3 = tuple[Coordinate, Coordinate, Coordinate]
ShiftedRow = tuple[Coordinate, Coordinate, Coordinate, Coordinate]
# (a, b, c, d): what is kept has a·x + b·y + c·z ≥ d, millimetres; (a, b, c) of unit length within 1 %.
ClipPlane = tuple[Coordinate, Coordinate, Coordinate, Coordinate]
Window = tuple[Value, WindowWidth]
Projection = Literal["max", "min", "mean"]
Layout = Literal["straightened", "stretched", "projected"]
FilterName = Literal["gaussian", "median", "bilateral", "unsharp", "edge", "clahe", "gamma", "threshold"]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Label = Annotated[int, Field(ge=0, le=255)]


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────
# A view is absolute: it says all that a picture depends on, so the newest one replaces every older one and a
# reconnected viewer only has to send its views again.


@dataclass(frozen=True, slots=True)
class Filter:
    """What is done to values before the window: in a Stack's frame, a plane or a projection to the picture, in a volume
    rendering to the volume.

    size: millimetres, of a median pixels; strength: of an unsharp mask what is added, of a bilateral filter the values
    that it keeps apart, of CLAHE its clip limit, of gamma the exponent; low, high: of a threshold, what stays.
    """

    name: FilterName
    size: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 1.0
    strength: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 1.0
    low: Value | None = None
    high: Value | None = None


@dataclass(frozen=True, slots=True)
class Fusion:
    """A second volume over the first, in colours.

    move: rows of the 3×4 rigid transform from the second's patient space to the first's, millimetres. What lies below
    the window's lower edge is not shown; opacity is that of everything above it.
    """

    series: Id
    stack: Digest
    palette: Name
    window: Window
    move: tuple[ShiftedRow, ShiftedRow, ShiftedRow] = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))
    opacity: Part = 0.5


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """How the voxels of one label look; 0 are those without one, which have no colour."""

    label: Label
    shown: bool = True
    colour: Colour = "#ff0000"
    tint: Part = 0.0
    outline: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """A labelmap that `Edit` number n left, and how it looks. Labels without a style are shown as if they were none."""

    n: U32
    styles: Annotated[tuple[LabelStyle, ...], Field(max_length=MAX_STYLES)] = ()


@dataclass(frozen=True, slots=True)
class StackView:
    """One frame of a Stack. The picture plane is the image itself, in millimetres from the first pixel's centre.

    centre: (x along a row, y down the columns) at the middle of the viewport; right, down: unit vectors in the same
    plane that point right and down on the screen (they carry flips and rotation); extent_mm: millimetres across the
    viewport's shorter side. An image without a known spacing counts one millimetre per pixel column.
    """

    series: Id
    stack: Digest
    frame: Count
    centre: Vector2
    right: Vector2
    down: Vector2
    extent_mm: Length
    window: Window  # (centre, width) in modality values
    invert: bool = False
    lut: U16 | None = None  # the frame's own VOI LUT of this number instead of the window
    overlays: bool = True
    shutter: bool = True
    filter: Filter | None = None
    kind: Literal["stack"] = "stack"


@dataclass(frozen=True, slots=True)
class PlaneView:
    """A plane through a Volume, or a slab about it. Points and vectors are patient space, LPS, millimetres."""

    series: Id
    stack: Digest
    centre: Vector3
    right: Vector3
    down: Vector3
    extent_mm: Length
    window: Window
    projection: Projection = "max"
    thickness_mm: Thickness = 0.0
    invert: bool = False
    filter: Filter | None = None
    labels: Labels | None = None
    fusion: Fusion | None = None
    kind: Literal["plane"] = "plane"


@dataclass(frozen=True, slots=True)
class CurvedView:
    """A curved reformat: rows of pixels are lines through points of a smooth curve, which runs down the picture.

    points: the curve goes through them, patient millimetres. angle: of the lines about the curve, degrees; of a
    stretched or projected layout it turns the direction of all lines. along_mm: the length of curve at the middle of
    the picture; across_mm: how far that is beside the curve.
    """

    series: Id
    stack: Digest
    points: Annotated[tuple[Vector3, ...], Field(min_length=2, max_length=MAX_CONTROL_POINTS)]
    layout: Layout
    along_mm: Coordinate
    extent_mm: Length
    window: Window
    across_mm: Coordinate = 0.0
    angle: Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)] = 0.0
    projection: Projection = "max"
    thickness_mm: Thickness = 0.0
    invert: bool = False
    filter: Filter | None = None
    kind: Literal["curved"] = "curved"


@dataclass(frozen=True, slots=True)
class ClipBox:
    """A box in the patient: axes are unit vectors at right angles, half_mm half its size along each of them."""

    centre: Vector3
    axes: tuple[Vector3, Vector3, Vector3]
    half_mm: tuple[Length, Length, Length]


@dataclass(frozen=True, slots=True)
class VolumeView:
    """A shaded volume rendering, or a projection through the whole volume, seen along right × down.

    projection: which value along each ray is shown, as a grey of the window; rays are then parallel. None: the volume
    is shaded by its preset, and window and invert mean nothing.
    curve: points with rising values in the volume's own unit, instead of the preset's, which still says how surfaces
    are lit; shift: moves the one or the other, in that unit. perspective: the opening angle over the viewport's shorter
    side in degrees, None for parallel rays; extent_mm then holds at the centre, which keeps its size when this
    changes. Only what lies in clip_box and on the kept side of every one of clip_planes is shown.
    """

    series: Id
    stack: Digest
    centre: Vector3
    right: Vector3
    down: Vector3
    extent_mm: Length
    preset: Name
    window: Window
    projection: Projection | None = None
    invert: bool = False
    shift: Value = 0.0
    curve: Annotated[tuple[CurvePoint, ...], Field(min_length=2, max_length=MAX_POINTS)] | None = None
    perspective: Degrees | None = None
    clip_box: ClipBox | None = None
    clip_planes: Annotated[tuple[ClipPlane, ...], Field(max_length=MAX_CLIP_PLANES)] = ()
    filter: Filter | None = None
    labels: Labels | None = None
    fusion: Fusion | None = None
    kind: Literal["volume"] = "volume"


View = StackView | PlaneView | CurvedView | VolumeView


# ── edits of labelmaps ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Threshold:
    """Voxels with values low … high, ends included, get the label; those that had it and lie outside lose it."""

    low: Value
    high: Value
    label: Label
    kind: Literal["threshold"] = "threshold"


@dataclass(frozen=True, slots=True)
class Cut:
    """A free-form cut through the whole volume: what lies behind the lasso, as seen, gets the label.

    lasso: corners of a closed polygon in the plane through `centre` along right and down, millimetres; even-odd.
    eye: where rays come from, None: they are parallel, along right × down. inside: of the lasso, or outside of it.
    only: of voxels with this label; None: of all.
    """

    centre: Vector3
    right: Vector3
    down: Vector3
    lasso: Annotated[tuple[Vector2, ...], Field(min_length=3, max_length=MAX_LASSO)]
    label: Label
    eye: Vector3 | None = None
    inside: bool = True
    only: Label | None = None
    kind: Literal["cut"] = "cut"


@dataclass(frozen=True, slots=True)
class Keep:
    """Of the voxels with the label only those connected with the one at `point` keep it; the others get `other`."""

    point: Vector3
    label: Label
    other: Label = 0
    kind: Literal["keep"] = "keep"


Change = Threshold | Cut | Keep


# ── from the viewer ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Show:
    """Show this in that viewport. `input` counts the viewer's inputs; `moving` while a finger or key is down."""

    viewport: U16
    width: Side
    height: Side
    input: U32
    moving: bool
    view: Annotated[View, Field(discriminator="kind")]
    t: Literal["show"] = "show"


@dataclass(frozen=True, slots=True)
class Shown:
    """The frame is on the screen (or was dropped because a newer one already is). `level` is what to send next."""

    viewport: U16
    sequence: U32
    level: Count
    t: Literal["shown"] = "shown"


@dataclass(frozen=True, slots=True)
class Close:
    """The viewport is gone."""

    viewport: U16
    t: Literal["close"] = "close"


@dataclass(frozen=True, slots=True)
class Visible:
    """Whether the page can be seen. A hidden page is rendered nothing."""

    visible: bool
    t: Literal["visible"] = "visible"


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered at once by `Pong`; sent only while nothing is in flight, to learn the line's idle round trip."""

    n: Annotated[int, Field(ge=0, lt=1 << 53)]
    t: Literal["ping"] = "ping"


@dataclass(frozen=True, slots=True)
class Pick:
    """What is seen at this pixel of a picture of `view` (a plane or a volume)? Answered by `Picked` with the same n."""

    viewport: U16
    n: U32
    width: Side
    height: Side
    at: Vector2  # pixels from the upper left corner, pixel centres at .5
    view: Annotated[View, Field(discriminator="kind")]
    t: Literal["pick"] = "pick"


@dataclass(frozen=True, slots=True)
class Survey:
    """Which values has the volume of this view, and how does its preset show them? Answered by `Surveyed`, same n."""

    viewport: U16
    n: U32
    view: VolumeView
    t: Literal["survey"] = "survey"


@dataclass(frozen=True, slots=True)
class Edit:
    """Make labelmap n of this stack: `base` changed, None: a volume without labels. Answered by `Edited`.

    The viewer numbers its labelmaps; after a reconnect it sends its edits again, in their order, before views that use
    them. Undo is to show an older one.
    """

    n: U32
    series: Id
    stack: Digest
    base: U32 | None
    change: Annotated[Change, Field(discriminator="kind")]
    t: Literal["edit"] = "edit"


@dataclass(frozen=True, slots=True)
class Trace:
    """Where does the curve through these points run? Answered by `Traced` with the same n."""

    viewport: U16
    n: U32
    points: Annotated[tuple[Vector3, ...], Field(min_length=2, max_length=MAX_CONTROL_POINTS)]
    t: Literal["trace"] = "trace"


@dataclass(frozen=True, slots=True)
class Locate:
    """At which pixel of a curved picture is this point of the patient? Answered by `Located` with the same n."""

    viewport: U16
    n: U32
    width: Side
    height: Side
    point: Vector3
    view: CurvedView
    t: Literal["locate"] = "locate"


@dataclass(frozen=True, slots=True)
class Measure:
    """Which values lie in this region of a picture of `view` (a Stack's frame or a plane)? Answered by `Measured`.

    corners: pixels as in `Pick`; of an ellipse or a rectangle two opposite ones of its upright box, of a polygon all.
    """

    viewport: U16
    n: U32
    width: Side
    height: Side
    shape: Literal["ellipse", "rectangle", "polygon"]
    corners: Annotated[tuple[Vector2, ...], Field(min_length=2, max_length=MAX_CORNERS)]
    view: Annotated[View, Field(discriminator="kind")]
    t: Literal["measure"] = "measure"


@dataclass(frozen=True, slots=True)
class Reformat:
    """Make a series of parallel planes or slabs through a Volume and store it; answered by `Reformatted`.

    The first pixel's centre of image k is origin + k · spacing_mm · (right × down), LPS, millimetres; right and down
    are unit vectors. thickness_mm: of the slab, 0 is a plane. Ask again after a lost connection, with the same request
    and the same values: it goes on, or answers what was made, and makes nothing twice.
    """

    viewport: U16
    request: RequestId
    series: Id
    stack: Digest
    origin: Vector3
    right: Vector3
    down: Vector3
    pixel_mm: Length
    width: Side
    height: Side
    spacing_mm: Length
    count: Annotated[int, Field(gt=0, lt=1 << 31)]
    projection: Projection = "max"
    thickness_mm: Annotated[float, Field(ge=0, le=1e4, allow_inf_nan=False)] = 0.0
    description: Description = ""
    t: Literal["reformat"] = "reformat"


@dataclass(frozen=True, slots=True)
class CancelReformat:
    """Nobody wants that series any more. Nothing of it stays, unless it is being stored already."""

    request: RequestId
    t: Literal["cancel_reformat"] = "cancel_reformat"


FromViewer = (
    Show | Shown | Close | Visible | Ping | Pick | Survey | Edit | Trace | Locate | Measure | Reformat | CancelReformat
)


# ── to the viewer ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Preset:
    """A named transfer function; `group` is what it is for, `colours` are a few #rrggbb stops for a small swatch."""

    name: str
    group: str
    modalities: list[str]
    colours: list[str]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a fused volume, from its window's lower edge to the upper, evenly: #rrggbb."""

    name: str
    colours: list[str]


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first message of a connection."""

    presets: list[Preset]
    levels: list[tuple[float, int]]
    palettes: list[Palette]
    t: Literal["welcome"] = "welcome"


@dataclass(frozen=True, slots=True)
class Loading:
    """The volume behind a viewport is being made; `done` of `total` slices are in memory."""

    viewport: int
    done: int
    total: int
    t: Literal["loading"] = "loading"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a viewport shows nothing. `code` is a key of the viewer's dictionary, `detail` names things, no patient.

    image: which image of the stack it is about, counted from 1 as the page does, and of how many.
    """

    viewport: int | None
    code: str
    detail: str = ""
    image: tuple[int, int] | None = None
    t: Literal["trouble"] = "trouble"


@dataclass(frozen=True, slots=True)
class Pong:
    n: int
    t: Literal["pong"] = "pong"


@dataclass(frozen=True, slots=True)
class Picked:
    """The patient point that is seen there (LPS, mm) and its modality value; None where nothing is."""

    viewport: int
    n: int
    point: tuple[float, float, float] | None
    value: float | None
    t: Literal["picked"] = "picked"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A volume's values, and the preset's points in their unit: as a view's `curve` they make the same picture.

    low, high: the 0.5 and 99.5 percentile; counts: of equal parts from the least value to the greatest. All empty where
    the view shows no volume.
    """

    viewport: int
    n: int
    curve: list[tuple[float, str, float]]
    low: float
    high: float
    least: float
    greatest: float
    counts: list[int]
    t: Literal["surveyed"] = "surveyed"


@dataclass(frozen=True, slots=True)
class Edited:
    """The labelmap is there: how many voxels the change gave another label, and how many have which label now.

    voxel_mm3: None where slices lie unevenly, so that voxels have no one size. code: why it is not there, else empty.
    """

    n: int
    changed: int
    counts: list[tuple[int, int]]
    voxel_mm3: float | None
    code: str = ""
    t: Literal["edited"] = "edited"


@dataclass(frozen=True, slots=True)
class Traced:
    """Points of the curve at equal distances, both ends included, with the frame there (unit vectors, patient space).

    normal and tangent turn as little as possible along the curve; the lines of a straightened layout run along
    cos(angle)·normal + sin(angle)·(tangent × normal). No points: there is no such curve.
    """

    viewport: int
    n: int
    length_mm: float
    points: list[tuple[float, float, float]]
    tangents: list[tuple[float, float, float]]
    normals: list[tuple[float, float, float]]
    t: Literal["traced"] = "traced"


@dataclass(frozen=True, slots=True)
class Located:
    """The pixel, as in `Pick`; None where the picture does not show it."""

    viewport: int
    n: int
    at: tuple[float, float] | None
    t: Literal["located"] = "located"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the values in a region: sd is the sample's, which takes two; counts are of equal parts, least to greatest."""

    count: int
    mean: float
    sd: float | None
    least: float
    greatest: float
    median: float
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Measured:
    """The statistics of the volume or frame, and of a fused second volume; None where no value lies in the region.

    Of a frame they are those of its stored pixels whose centres lie in the region. Of a plane they are those of stored
    voxels, the nearest to each point of a grid of the volume's finest spacing (in an oblique plane half of it); of a
    slab the extreme of the voxels, or the mean of the samples, along each point's normal. The grid belongs to the
    volume, not to the picture. `count` and area_mm2: of those pixels or points; None where the image has no known
    spacing.
    """

    viewport: int
    n: int
    area_mm2: float | None
    first: Statistics | None
    second: Statistics | None
    t: Literal["measured"] = "measured"


@dataclass(frozen=True, slots=True)
class Reformatting:
    """A series is being made: `done` of `total` images. All are stored together after the last one."""

    viewport: int
    request: str
    done: int
    total: int
    t: Literal["reformatting"] = "reformatting"


@dataclass(frozen=True, slots=True)
class Reformatted:
    """The new series' id: the study has one more now. None: there is none, and `code` says why."""

    viewport: int
    request: str
    series: int | None
    code: str = ""
    t: Literal["reformatted"] = "reformatted"


ToViewer = (
    Welcome
    | Loading
    | Trouble
    | Pong
    | Picked
    | Surveyed
    | Edited
    | Traced
    | Located
    | Measured
    | Reformatting
    | Reformatted
)


# ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Codec(IntEnum):
    JPEG = 1
    PNG = 2


class Flag(IntFlag):
    FINAL = 1  # lossless, at rest; 32 bytes of SHA-256 over the raw pixels stand between header and picture
    INTERPOLATED = 2  # some pixel is not a stored value: zoomed, rotated, reformatted, projected
    COLOUR = 4  # raw pixels are RGB interleaved; otherwise grey, one byte
    REDUCED = 8  # smaller than the viewport, or a volume rendering coarser than its final
    DRAWN = 16  # an overlay or a shutter covers some pixels


class Header(NamedTuple):
    """Little-endian, 32 bytes. Raw pixels, whose digest a final frame carries, are rows top-down."""

    kind: int  # always 1
    version: int  # always 1
    codec: int
    flags: int
    viewport: int
    level: int
    sequence: int  # per connection and viewport, from 1
    input: int  # the newest input this picture shows
    width: int  # of the encoded picture
    height: int
    full_width: int  # of the viewport it stands for
    full_height: int
    render_us: int
    encode_us: int


HEADER = struct.Struct("<BBBBHHIIHHHHII")
DIGEST_BYTES = 32
assert HEADER.size == 32

_from_viewer: TypeAdapter[FromViewer] = TypeAdapter(Annotated[FromViewer, Field(discriminator="t")])


def parse(message: bytes) -> FromViewer:
    """Read a viewer's message.

    Raises:
        InvalidMessage: not msgpack, an unknown kind, a missing or wrong field, a number that is not finite or out of
            bounds, screen axes that span no plane, a clip box or plane whose vectors are none, or a fusion that moves
            its volume otherwise than rigidly.
    """
    try:
        parsed = _from_viewer.validate_python(msgpack.unpackb(message))
    except ValidationError as error:
        # Which field and why, never the value: a person's data may have been sent by mistake.
        reasons = (f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_url=False))
        raise InvalidMessage("; ".join(reasons)[:200]) from None
    except (ValueError, msgpack.UnpackException) as error:
        raise InvalidMessage(f"not msgpack: {type(error).__name__}") from None
    if isinstance(parsed, Show | Pick | Survey | Measure):
        _check_view(parsed.t, parsed.view)
    if isinstance(parsed, Edit) and isinstance(parsed.change, Cut):
        cut = parsed.change
        if not _spans_a_plane(cut.right, cut.down):
            raise InvalidMessage(f"{parsed.t}.change: right and down are not two unit vectors at a right angle")
    if isinstance(parsed, Reformat) and not _spans_a_plane(parsed.right, parsed.down):
        raise InvalidMessage("reformat: right and down are not two unit vectors at a right angle")
    return parsed


def _check_view(kind: str, view: View) -> None:
    if isinstance(view, CurvedView):
        return
    if not _spans_a_plane(view.right, view.down):
        raise InvalidMessage(f"{kind}.view: right and down are not two unit vectors at a right angle")
    if isinstance(view, VolumeView):
        _check_clip(kind, view)
    if isinstance(view, PlaneView | VolumeView) and view.fusion is not None:
        rows = [row[:3] for row in view.fusion.move]
        if not all(_spans_a_plane(a, b) for a, b in combinations(rows, 2)) or _volume_of(*rows) < 0:
            raise InvalidMessage(f"{kind}.view.fusion.move: not a rigid transform")


def _volume_of(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    """The determinant of three rows; below 0 they mirror."""
    across = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return sum(x * y for x, y in zip(across, c, strict=True))


def _check_clip(kind: str, view: VolumeView) -> None:
    if view.clip_box and not all(_spans_a_plane(a, b) for a, b in combinations(view.clip_box.axes, 2)):
        raise InvalidMessage(f"{kind}.view.clip_box: axes are not three unit vectors at right angles")
    if any(abs(hypot(a, b, c) - 1) > 0.01 for a, b, c, _ in view.clip_planes):
        raise InvalidMessage(f"{kind}.view.clip_planes: a normal is not a unit vector")


def _spans_a_plane(right: tuple[float, ...], down: tuple[float, ...]) -> bool:
    """Whether these can be made unit length and perpendicular without guessing what was meant."""
    a, b = hypot(*right), hypot(*down)
    lean = abs(sum(x * y for x, y in zip(right, down, strict=True)))
    return 0.9 < a < 1.1 and 0.9 < b < 1.1 and lean < 0.1


def pack(message: ToViewer) -> bytes:
    """Write a message for a viewer."""
    return bytes(msgpack.packb(asdict(message)))


def pack_frame(header: Header, digest: bytes, picture: bytes) -> bytes:
    """Join a frame; `digest` is empty unless the frame is final."""
    return HEADER.pack(*header) + digest + picture


def unpack_frame(message: bytes) -> tuple[Header, bytes, bytes]:
    """Split a frame into header, digest (empty unless final) and picture; for tests and synthetic viewers."""
    header = Header(*HEADER.unpack_from(message))
    cut = HEADER.size + (DIGEST_BYTES if header.flags & Flag.FINAL else 0)
    return header, message[HEADER.size : cut], message[cut:]


def kinds(union: Any) -> dict[str, type]:
    """The message classes of a union by their "t"."""
    return {str(next(f.default for f in fields(c) if f.name == "t")): c for c in union.__args__}
