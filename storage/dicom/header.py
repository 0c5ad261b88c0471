"""What a picture needs to know of an instance, read once at arrival and kept with its row.

A `Header` holds only what JSON holds, so `asdict` and `Header(**row)` are the whole serialisation. It says where each
frame lies in the stored bytes: opening a series reads pixels and parses no DICOM.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from storage.dicom.cine import read_cine
from storage.dicom.elements import integer_of, text_of, texts_of
from storage.dicom.functional_groups import completed, read_groups
from storage.dicom.geometry import aspect_of, read_place, read_spacing, source_of
from storage.dicom.identity import Identity, read_identity
from storage.dicom.loss import read_loss
from storage.dicom.luts import read_modality_lut, read_voi_luts, read_windows, unpack, window_function_of
from storage.dicom.mosaic import read_mosaic
from storage.dicom.nuclear import read_slices
from storage.dicom.overlays import read_overlays
from storage.dicom.padding import read_padding
from storage.dicom.palettes import is_supplemental, read_palette
from storage.dicom.parse import Parsed, parse
from storage.dicom.pixels import Pixels, native_frame, read_pixels, stored_limits, stored_values
from storage.dicom.real_world import read_real_world
from storage.dicom.rescale import read_rescale, unit_of
from storage.dicom.separators import read_separators
from storage.dicom.shutters import read_shutter
from storage.errors import InvalidDataset

VERSION = 5


@dataclass(frozen=True, slots=True)
class Header:
    """The attributes of one instance; lists where DICOM has several values, None or "" where it is silent.

    `per_frame` overrides `position`, `orientation`, `spacing`, `thickness`, `slope`, `intercept`, `rescale`, `unit`,
    `windows`, `window_function`, `shutter`, `real_world` and `separators` for each frame of an enhanced multi-frame
    instance, or of a nuclear medicine reconstruction; frame 0's stand in the fields themselves. What one frame
    overrides every frame does: where it says nothing, with what holds for the whole instance, and its position is
    unknown.
    """

    version: int
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    image_type: list[str]
    instance_number: int | None
    pixels: Pixels | None  # None: nothing to show, and `reason` is the viewer's word for why
    reason: str
    slope: float
    intercept: float
    modality_lut: list[Any] | None  # [first stored value, base64 of zlib of float32]
    palette: list[Any] | None  # [first stored value, base64 of zlib of uint8 RGB]
    padding: list[Any] | None  # from, to (both included): stored values, or words that BitsStored cannot hold
    stored_range: list[int] | None  # smallest and largest stored value, where bits alone leave int16 in doubt
    unit: str  # see unit_of
    inverted: bool  # the lowest value is shown white
    windows: list[list[Any]]  # [centre, width, explanation] in modality values; [… , number] stands for a VOI LUT
    window_function: str  # LINEAR, LINEAR_EXACT or SIGMOID
    position: list[float] | None
    orientation: list[float] | None  # direction along a row, then down a column
    spacing: list[float] | None  # [between rows, between columns] in mm
    spacing_source: str  # "pixel", "imager", "region" or "none"
    aspect: float  # height of a pixel over its width
    thickness: float | None
    location: float | None
    frame_of_reference: str
    frame_time_ms: float | None
    lossy: str  # how the values lost information, as the attributes or else the codestreams say; or ""
    per_frame: list[dict[str, Any]] | None
    contrast: list[float] | None = None  # [centre, width] out of the values, where `windows` is empty: see contrast.py
    luts: list[list[Any]] = field(default_factory=list)  # VOI LUTs, see luts.read_voi_luts
    overlays: list[dict[str, Any]] = field(default_factory=list)  # see overlays.Overlay
    shutter: dict[str, Any] | None = None  # see shutters.read_shutter
    frame_times_ms: list[float] | None = None  # how long each frame is shown, where they differ
    playback: str = "loop"  # or "sweep", there and back, or "once"
    patient_orientation: list[str] | None = None  # letters towards which a row and a column run: ["A", "FR"]
    supplemental: bool = False  # some grey values stand for colours that are not shown
    frame_offset: int = 0  # of a concatenation's part: how many frames the parts before it have
    mosaic: dict[str, Any] | None = None  # see mosaic.read_mosaic
    real_world: list[Any] | None = None  # [slope, intercept, unit] of stored values, not applied: see real_world.py
    separators: dict[str, Any] = field(default_factory=dict)  # see separators.py
    rescale: str = ""  # "absent", "unreadable" or what the values are: see rescale.read_rescale

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Header:
        """Read what `to_json` wrote."""
        pixels = stored["pixels"]
        return cls(**{**stored, "pixels": Pixels(**pixels) if pixels else None})

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self)

    @property
    def frames(self) -> int:
        """How many frames can be shown."""
        return self.pixels.frames if self.pixels else 0

    @property
    def has_places(self) -> bool:
        """Whether the frames of a multi-frame instance say where they stand, each for itself."""
        return self.per_frame is not None and "position" in self.per_frame[0]

    def of_frame(self, frame: int, name: str) -> Any:
        """A field that may differ from frame to frame."""
        if self.per_frame is not None and name in self.per_frame[frame]:
            return self.per_frame[frame][name]
        return getattr(self, name)


def read_header(data: bytes) -> tuple[Header, Identity]:
    """Read what a picture and a study list need from the bytes of an instance.

    Raises:
        InvalidDataset: these bytes cannot be kept; the message says why.
    """
    return header_of(parse(data))


def header_of(parsed: Parsed) -> tuple[Header, Identity]:
    """Read the header and the identity of a parsed dataset."""
    try:
        identity = read_identity(parsed.dataset)
        return _read(parsed, identity), identity
    except (InvalidDataset, MemoryError):
        raise
    except RecursionError as error:
        raise InvalidDataset("sequences are nested too deeply") from error
    except Exception as error:  # what pydicom raises on hostile values is not a closed list
        raise InvalidDataset(f"the data elements cannot be read: {type(error).__name__}") from error


def _read(parsed: Parsed, identity: Identity) -> Header:
    dataset = parsed.dataset
    pixels, reason = read_pixels(parsed)
    signed = bool(pixels and pixels.signed)
    modality_lut = read_modality_lut(dataset, signed)
    rescale = read_rescale(dataset, identity.sop_class_uid, modality_lut is not None)
    slope, intercept = rescale["slope"], rescale["intercept"]
    luts = read_voi_luts(dataset, modality_lut is None and _is_signed(pixels, slope, intercept))
    shared: dict[str, Any] = {
        **rescale,
        "windows": read_windows(dataset, luts) or _window_of_bits(dataset, pixels),
        "window_function": window_function_of(dataset),
        "shutter": read_shutter(dataset),
        "real_world": read_real_world(dataset, slope, intercept),
        "separators": read_separators(dataset),
        **read_place(dataset),
    }
    is_scout, units = (
        "LOCALIZER" in texts_of(dataset, "ImageType")[2:],
        "" if modality_lut else text_of(dataset, "Units"),
    )
    kind = identity.sop_class_uid, identity.modality, is_scout, units.upper()
    shared["unit"] = unit_of(rescale["rescale"], *kind)
    spacing, source = read_spacing(dataset)
    per_frame = read_groups(dataset, pixels.frames) if pixels else None
    if pixels and not per_frame:
        per_frame = read_slices(dataset, identity.sop_class_uid, pixels.frames)
    if per_frame:
        source = source_of(dataset, per_frame[0]["spacing"]) if "spacing" in per_frame[0] else source
        per_frame = completed(per_frame, {**shared, "position": None, "spacing": spacing})
        for entry in per_frame if "rescale" in per_frame[0] else ():
            if modality_lut is not None:  # it replaces what the frames say as well
                entry["rescale"] = rescale["rescale"]
            entry["unit"] = unit_of(entry["rescale"], *kind)
        shared |= per_frame[0]
        spacing = shared.pop("spacing", spacing)
        if len(per_frame) == 1 or all(entry == per_frame[0] for entry in per_frame):
            per_frame = None
    header = Header(
        version=VERSION,
        sop_class_uid=identity.sop_class_uid,
        transfer_syntax_uid=parsed.transfer_syntax_uid,
        modality=identity.modality,
        image_type=texts_of(dataset, "ImageType"),
        instance_number=identity.instance_number,
        pixels=pixels,
        reason=reason,
        modality_lut=modality_lut,
        palette=read_palette(dataset, signed) if pixels and pixels.photometric == "PALETTE COLOR" else None,
        padding=read_padding(dataset, pixels),
        stored_range=None,
        inverted=_inverted(dataset, pixels),
        spacing=spacing,
        spacing_source=source,
        aspect=aspect_of(dataset, spacing),
        frame_of_reference=text_of(dataset, "FrameOfReferenceUID"),
        lossy=read_loss(parsed, pixels),
        per_frame=per_frame,
        luts=luts,
        overlays=read_overlays(parsed, pixels),
        patient_orientation=_patient_orientation(dataset),
        supplemental=is_supplemental(dataset),
        frame_offset=max(0, integer_of(dataset, "ConcatenationFrameOffsetNumber") or 0),
        mosaic=read_mosaic(dataset, shared["position"], shared["orientation"], spacing) if pixels else None,
        **read_cine(dataset, pixels.frames if pixels else 0),
        **shared,
    )
    if pixels and pixels.photometric == "PALETTE COLOR" and header.palette is None:
        return replace(header, pixels=None, reason="no_palette")
    return replace(header, stored_range=_stored_range(parsed, header))


def _inverted(dataset: Dataset, pixels: Pixels | None) -> bool:
    # PresentationLUTShape decides where it is given (PS3.3 C.11.6): dcm4che and others do the same.
    shape = text_of(dataset, "PresentationLUTShape").upper()
    if shape in ("INVERSE", "IDENTITY"):
        return shape == "INVERSE"
    # A table instead decides just so, by the way it runs; what it adds to the contrast is not applied.
    table = read_voi_luts(dataset, False, "PresentationLUTSequence")
    if table:
        entries = unpack(table[0], np.uint16)[1]
        return bool(entries[0] > entries[-1])
    return bool(pixels and pixels.photometric == "MONOCHROME1")


def _is_signed(pixels: Pixels | None, slope: float, intercept: float) -> bool:
    """Whether modality values may be below 0."""
    return pixels is not None and any(stored * slope + intercept < 0 for stored in stored_limits(pixels))


def _window_of_bits(dataset: Dataset, pixels: Pixels | None) -> list[list[Any]]:
    """A mask, of one bit or of probabilities, from nothing to all: its values say nothing about contrast."""
    if pixels is None or pixels.samples != 1 or pixels.kind != "integer":
        return []
    most = integer_of(dataset, "MaximumFractionalValue") or 0
    if pixels.bits_stored == 1 or most > 0:
        most = most if pixels.bits_stored > 1 else 1
        return [[most / 2 + 0.5, most + 1.0, ""]]
    return []


def _patient_orientation(dataset: Dataset) -> list[str] | None:
    """PS3.3 C.7.6.1.1.1, where it is said in the letters of a standing biped."""
    letters = [text.upper() for text in texts_of(dataset, "PatientOrientation")]
    sensible = len(letters) == 2 and all(0 < len(text) <= 3 and set(text) <= set("LRAPHF") for text in letters)
    return letters if sensible else None


def _stored_range(parsed: Parsed, header: Header) -> list[int] | None:
    """The range of the stored values when the bits allow more than int16 holds and looking costs little."""
    pixels = header.pixels
    if pixels is None or pixels.kind != "integer" or pixels.samples != 1 or pixels.fragments is not None:
        return None
    if pixels.bits_stored < 16 or pixels.bits_allocated > 32:
        return None
    ends = []
    for frame in range(pixels.frames):
        values = stored_values(native_frame(parsed.body, pixels, frame), pixels)
        ends.append((int(np.min(values)), int(np.max(values))))
    return [min(end[0] for end in ends), max(end[1] for end in ends)]
