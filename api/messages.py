"""What the REST routes take and answer. viewer/src/api/messages.ts is written from it by `make types`."""

from __future__ import annotations

from dataclasses import dataclass

Vector2 = tuple[float, float]
Vector3 = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SignIn:
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class PasswordChange:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in. While `must_change_password` every other route answers 403 `password_must_change`."""

    login: str
    institutions: list[str]
    permissions: list[str]
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One line of the study list. Dates are YYYY-MM-DD or "", times HH:MM or ""."""

    id: int
    institution: str
    patient_name: str
    patient_id: str
    sex: str
    birth_date: str
    age: str
    date: str
    time: str
    modalities: list[str]
    body_part: str
    description: str
    accession: str
    images: int
    series: int
    received_at: str


@dataclass(frozen=True, slots=True)
class StudyList:
    studies: list[StudyRow]
    total: int


@dataclass(frozen=True, slots=True)
class WindowPreset:
    """A window of the header; `lut` numbers the VOI LUT of the frame that it stands for, None for a plain window."""

    centre: float
    width: float
    explanation: str
    lut: int | None


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where one frame of a stack stands; None where the header does not say."""

    position: Vector3 | None
    row: Vector3 | None
    column: Vector3 | None
    thickness_mm: float | None
    location_mm: float | None
    patient_orientation: tuple[str, str] | None  # of a projection: the letters towards which a row and a column run
    instance_number: int | None
    window: Vector2 | None  # (centre, width) of its own, where that is not the first of the stack's windows
    lossy: str  # how its stored image lost information, e.g. "12:1 JPEG", or "lossy", or ""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A Volume's grid. `affine` maps (x, y, place) to LPS millimetres, row-major 3×4; shape is (z, y, x).

    places: where each slice lies along the affine's third column, in its steps, from 0 upward; None where slice z lies
    at place z. holes: the slices after which images are missing; nothing may be shown or measured in between.
    """

    affine: list[float]
    shape: tuple[int, int, int]
    frame_of_reference: str
    places: list[float] | None
    holes: list[int]


@dataclass(frozen=True, slots=True)
class Phase:
    """One of several Stacks that show the same places: a time, an echo, a diffusion weighting, a reconstruction.

    group: the same for all of them; one that lost slices has holes or an end of its own. number: from 0, of `count`.
    kind says what tells them apart (a key of the viewer's dictionary): temporal_position, trigger_time,
    frame_reference_time, cardiac_percent, respiratory_percent, acquisition, echo, b_value, gradient, image_type,
    kernel, kvp, thickness or order. `value` is its number where it has one (ms for times and echoes, s/mm² for b_value
    and gradient, mm for thickness); `text` says the rest: a direction, a type, a
    kernel, which of several alike ("#2"), and in front of it what several such sets of one series differ in.
    """

    group: str
    number: int
    count: int
    kind: str
    value: float | None
    text: str


@dataclass(frozen=True, slots=True)
class StackInfo:
    """An ordered set of frames that scroll together. `volume` is None exactly when `refusal` names why."""

    index: int
    digest: str  # names the stack and its frames in a view: other images, another digest
    rows: int
    columns: int
    frames: list[FramePlace]
    spacing: Vector2 | None  # (row, column) millimetres, centre to centre down and along
    spacing_source: str  # "pixel", "imager", "region" or "none"
    aspect: float  # height of a pixel over its width, where spacing is None
    colour: bool
    monochrome1: bool
    windows: list[WindowPreset]
    unit: str  # of its values as it is shown: "HU", "Bq/ml" …, or ""
    lossy: str  # as of its frames; "lossy" where they differ
    frame_time_ms: float | None
    frame_times_ms: list[float] | None  # how long each frame is shown, where the header gives every one its own
    playback: str  # how the header wants a cine played: "loop", "sweep" (there and back) or "once"
    overlays: bool  # some frame has overlay planes, which a view may hide
    shutter: bool  # some frame has a display shutter, which a view may open
    phase: Phase | None
    notes: list[str]  # what a reader should know of the geometry, keys of the viewer's dictionary: note_tilted …
    volume: Geometry | None
    refusal: str | None  # a key of the viewer's dictionary


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Instances that are kept and have no picture. `kind` is a key of the viewer's dictionary, `name` DICOM's own."""

    kind: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    id: int
    uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    images: int
    stacks: list[StackInfo]
    not_displayable: list[StoredObject]


@dataclass(frozen=True, slots=True)
class StudyInfo:
    study: StudyRow
    series: list[SeriesInfo]
    conflicts: int  # instances that came with another content or patient than what is there: kept, and not shown


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process of the house. Times are UTC, YYYY-MM-DDTHH:MM:SSZ.

    state: starting, running, restarting, waiting or stopped. name: postgresql, receive, renderd or api.
    """

    name: str
    state: str
    since: str
    restarts: int  # since the house started
    failures: int  # in a row
    wait_s: float  # when waiting: until the next start
    last_exit: str  # a signal's name or an exit code, "" when it never ended
    reason: str
    log: str


@dataclass(frozen=True, slots=True)
class DiskInfo:
    """The home's disk. Below the reserve nothing new is stored; state: ok, low or full."""

    folder: str
    state: str
    free_bytes: int
    total_bytes: int
    reserve_bytes: int
    warn_bytes: int
    volumes_bytes: int  # derived files, which may be removed at any time


@dataclass(frozen=True, slots=True)
class RendererInfo:
    """What renderd holds in memory."""

    volumes: int
    volumes_bytes: int
    budget_bytes: int
    frames_bytes: int
    viewers: int


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """How the house is: for whoever looks after it. No patient and no person is in it."""

    version: str
    now: str
    ok: bool
    processes: list[ProcessInfo]
    database: str | None  # the server's version; None when it does not answer
    renderer: RendererInfo | None  # None when it does not answer
    disk: DiskInfo
    kernels: int  # compiled
    dicom_port: int
    ae_title: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether studies can be read at this moment."""

    ok: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """The body of every error. `code` is a key of the viewer's dictionary."""

    code: str
    detail: str = ""
