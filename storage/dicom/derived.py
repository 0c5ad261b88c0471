"""A series of parallel images that was computed from a Stack's Volume, as DICOM: CT, MR or PET Image Storage.

Reformats stay what their source is, so that an archive lists, windows and reformats them like it; the other kinds of
Volumes (nuclear medicine, three-dimensional X-ray) have no class of single images in space and are refused.
ImageType is DERIVED\\SECONDARY\\REFORMATTED; of a PET, whose second value is always PRIMARY (PS3.3 C.8.9.4.1.1),
DERIVED\\PRIMARY\\REFORMATTED. Whether it is a maximum, a minimum or a mean stand in DerivationCodeSequence (PS3.16 CID
7203) and in words. Each image names those that its pixels were computed from. carried.py says what is taken over,
scaling.py how values are stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage

from storage.dicom.carried import Source, carry, stripped
from storage.dicom.demands import meet
from storage.dicom.elements import text_of
from storage.dicom.encoded import Elements, charset_for, charset_of, file_of, is_writable, tag_of
from storage.dicom.parse import parse
from storage.dicom.provenance import PROJECTIONS, derivation_codes, put_machine, source_images
from storage.dicom.scaling import Scaling
from storage.dicom.sources import FrameSource
from storage.dicom.stacks import Stack
from storage.dicom.write import WATERMARK, uid_of
from storage.errors import NotDerivable

CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage, "PT": PositronEmissionTomographyImageStorage}
LOSSY_METHODS = {"50": "ISO_10918_1", "51": "ISO_10918_1", "80": "ISO_14495_1", "81": "ISO_14495_1"}
LOSSY_METHODS |= {"90": "ISO_15444_1", "91": "ISO_15444_1", "203": "ISO_15444_15"}
MAX_DESCRIPTION = 64  # characters of an LO
MAX_TEXT = 1024  # of an ST
# What a reader is told of the Stack and the new images hide: a plane through a hole looks like one through air.
NOTES = {
    "note_missing_slices": "source slices are missing",
    "note_tilted": "source gantry was tilted",
    "note_uneven": "source slices are unevenly spaced",
    "note_phase_order": "source phases are told apart by order alone",
    "note_more_frames": "more source frames are stored than declared",
    "note_colours": "some source values stand for colours",
    "note_no_rescale": "source values are not calibrated",
}
GAP = "Source slices are missing within this image"
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Derivation:
    """What all images of the new series share.

    projection: "max", "min" or "mean" over a slab; None: a plane. orientation: direction along a row, then down a
    column. spacing: between rows, between columns. made_at: with its time zone.
    """

    series_instance_uid: str
    series_number: int
    description: str
    projection: str | None
    orientation: tuple[float, float, float, float, float, float]
    spacing: tuple[float, float]
    thickness_mm: float
    spacing_mm: float
    count: int
    made_at: datetime


def sources_of(stack: Stack, read: Callable[[FrameSource], bytes]) -> list[Source]:
    """The images whose headers are asked what a derived one may say: that which was acquired first, and all of them.

    read: the bytes of a frame's instance.
    """
    frames = stack.frames
    timed = [frame for frame in frames if "acquired" in frame.separators]
    earliest = min(timed, key=lambda frame: float(frame.separators["acquired"]), default=frames[0])
    datasets = {
        one.blob_sha256: stripped(parse(read(one)).dataset) for one in {one.blob_sha256: one for one in frames}.values()
    }
    asked = {(one.blob_sha256, one.frame): one for one in frames}.values()  # tiles of a mosaic say the same
    first = Source(parse(read(earliest)).dataset, earliest.frame)
    return [first, *(Source(datasets[one.blob_sha256], one.frame) for one in asked)]


class DerivedSeries:
    """The instances of a derived series, one after another. Any thread."""

    def __init__(self, stack: Stack, sources: Sequence[Source], scaling: Scaling, derivation: Derivation) -> None:
        """sources: as `sources_of` reads them.

        Raises:
            NotDerivable: there is no class for such images, or the source lacks what the class demands.
            UnwritableText: the source's character set does not have the letters of the description.
        """
        self.modality = stack.frames[0].header.modality
        if self.modality not in CLASSES:
            raise NotDerivable(f"no class of single images in space for modality {self.modality}")
        self.sop_class_uid = str(CLASSES[self.modality])
        self._scaling, self._derivation = scaling, derivation
        self._shared = Elements()
        self._is_phantom = False
        carry(self._shared, sources, self.modality)
        source = sources[0].dataset
        put_machine(self._shared, sources[0])
        self._put_descriptions(stack, source)
        self._put_series(stack, source)
        meet(self._shared, stack, source, self.modality)
        self._put_pixel_module(stack)
        self._put_window(stack)
        self._put_loss(stack)

    def instance(
        self,
        number: int,
        position: Sequence[float],
        values: NDArray[np.float32],
        inside: NDArray[np.bool_],
        used: Sequence[FrameSource],
        *,
        gap: bool = False,
    ) -> bytes:
        """A file's bytes. number: from 1. position: of the first pixel. values: modality values [rows, columns], which
        are samples where `inside`. used: the frames that they were computed from. gap: whether images are missing
        where it lies.
        """
        derivation = self._derivation
        normal = np.cross(derivation.orientation[:3], derivation.orientation[3:])
        uid = uid_of(derivation.series_instance_uid, "instance", number)
        own = Elements()
        own.put("SOPInstanceUID", uid)
        own.put("InstanceNumber", str(number))
        own.put("ImagePositionPatient", _decimals(position))
        own.put("SliceLocation", _decimal(float(np.dot(position, normal))))
        own.put("Rows", values.shape[0])
        own.put("Columns", values.shape[1])
        if self.modality == "PT":
            own.put("ImageIndex", number)
        if used:
            own.encoded[tag_of("SourceImageSequence")] = source_images(used)
        if gap:
            own.put("ImageComments", f"{WATERMARK}: not a patient. {GAP}" if self._is_phantom else GAP)
        own.put_bytes("PixelData", "OW", self._scaling.stored(values, inside).tobytes())
        return file_of(self._shared.with_(own), self.sop_class_uid, uid, uid_of("Farview"))

    def _put_descriptions(self, stack: Stack, source: Dataset) -> None:
        shared, derivation = self._shared, self._derivation
        description = derivation.description or _words(derivation)
        # A phantom stays one, whatever somebody calls its reformats.
        if WATERMARK in text_of(source, "SeriesDescription") and WATERMARK not in description:
            description = f"{WATERMARK} {description}"
        description = description[:MAX_DESCRIPTION]
        if WATERMARK in text_of(source, "ImageComments"):
            shared.carry(source, tag_of("ImageComments"))
            self._is_phantom = True
        declared = charset_of(source)
        shared.charset = charset_for(description, declared, shared.is_ascii)
        if shared.charset != declared:
            shared.put("SpecificCharacterSet", shared.charset)
        shared.put_texts("SeriesDescription", [description])
        number = text_of(source, "SeriesNumber")
        of = f" of series {number}" if number.isdigit() else ""
        phase = f", phase {stack.phase.number + 1} of {stack.phase.count}" if stack.phase else ""
        notes = "".join(f"; {NOTES[note]}" for note in stack.notes if note in NOTES)
        shared.put("DerivationDescription", f"{_words(derivation)}{of}{phase}{notes}"[:MAX_TEXT])

    def _put_series(self, stack: Stack, source: Dataset) -> None:
        shared, derivation = self._shared, self._derivation
        date, time = _moment(derivation.made_at, text_of(source, "TimezoneOffsetFromUTC"))
        shared.put("SOPClassUID", self.sop_class_uid)
        shared.put("SeriesInstanceUID", derivation.series_instance_uid)
        shared.put("SeriesNumber", str(derivation.series_number))
        shared.put("Modality", self.modality)
        shared.put("ImageType", ["DERIVED", "PRIMARY" if self.modality == "PT" else "SECONDARY", "REFORMATTED"])
        for keyword in ("InstanceCreation", "Content", *(() if self.modality == "PT" else ("Series",))):
            shared.put(keyword + "Date", date)
            shared.put(keyword + "Time", time)
        shared.put("Manufacturer", "Farview")
        shared.put("ManufacturerModelName", "Farview")
        reference = stack.geometry.frame_of_reference if stack.geometry else ""
        shared.put("FrameOfReferenceUID", reference or uid_of(derivation.series_instance_uid, "frame of reference"))
        shared.put("ImageOrientationPatient", _decimals(derivation.orientation))
        shared.put("PixelSpacing", _decimals(derivation.spacing))
        shared.put("SliceThickness", _decimal(derivation.thickness_mm))
        shared.put("SpacingBetweenSlices", _decimal(derivation.spacing_mm))
        if self.modality == "PT":
            shared.put("NumberOfSlices", derivation.count)
        shared.encoded[tag_of("DerivationCodeSequence")] = derivation_codes(derivation.projection)

    def _put_pixel_module(self, stack: Stack) -> None:
        shared, scaling = self._shared, self._scaling
        shared.put("SamplesPerPixel", 1)
        shared.put("PhotometricInterpretation", "MONOCHROME1" if stack.inverted else "MONOCHROME2")
        shared.put("BitsAllocated", 16)
        shared.put("BitsStored", 16)
        shared.put("HighBit", 15)
        shared.put("PixelRepresentation", int(scaling.signed))
        shared.put("PixelPaddingValue", scaling.padding, "SS" if scaling.signed else "US")
        if self.modality == "MR" and scaling.is_plain:
            return
        shared.put("RescaleSlope", _decimal(scaling.slope))
        shared.put("RescaleIntercept", _decimal(scaling.intercept))
        if self.modality != "PT":
            said = stack.middle.rescale[2]
            shared.put("RescaleType", "HU" if stack.unit == "HU" else said if said.isupper() else "US")

    def _put_window(self, stack: Stack) -> None:
        shared, middle = self._shared, stack.middle
        windows = [window for window in middle.windows if len(window) == 3]
        if not windows:
            return
        shared.put("WindowCenter", _decimals([centre for centre, _, _ in windows]))
        shared.put("WindowWidth", _decimals([width for _, width, _ in windows]))
        names = [name for _, _, name in windows]
        if all(names) and all(is_writable(name, shared.charset) for name in names):
            shared.put_texts("WindowCenterWidthExplanation", [name[:MAX_DESCRIPTION] for name in names])
        function = middle.header.of_frame(middle.frame, "window_function")
        if function != "LINEAR":
            shared.put("VOILUTFunction", function)

    def _put_loss(self, stack: Stack) -> None:
        """What was lost once is lost for ever (PS3.3 C.7.6.1.1.5), whether or not the source's attributes say so."""
        shared = self._shared
        if not stack.lossy:
            return
        shared.put("LossyImageCompression", "01")
        lossy = next((frame for frame in stack.frames if frame.header.lossy), stack.middle)
        pixels = lossy.header.pixels
        if "LossyImageCompressionRatio" in shared or pixels is None or pixels.fragments is None:
            return
        encoded = sum(length for _, length in pixels.ranges(lossy.frame))
        shared.put("LossyImageCompressionRatio", f"{pixels.frame_bits / 8 / max(encoded, 1):.4g}")
        method = LOSSY_METHODS.get(lossy.header.transfer_syntax_uid.rsplit(".", 1)[-1])
        if method:
            shared.put("LossyImageCompressionMethod", method)


def _words(derivation: Derivation) -> str:
    """What was computed, in ASCII: a mean of 5 mm every 2.5 mm."""
    every = f"every {derivation.spacing_mm:g} mm"
    if derivation.projection is None:
        return f"Multiplanar reformat {every}"
    return f"Multiplanar reformat, {PROJECTIONS[derivation.projection][1]} of {derivation.thickness_mm:g} mm {every}"


def _moment(at: datetime, offset: str) -> tuple[str, str]:
    """Date and time in the zone that the source's times are in."""
    if found := _OFFSET.fullmatch(offset):
        sign = -1 if found[1] == "-" else 1
        minutes = sign * (60 * int(found[2]) + int(found[3]))
        if abs(minutes) < 24 * 60:
            at = at.astimezone(timezone(timedelta(minutes=minutes)))
    return at.strftime("%Y%m%d"), at.strftime("%H%M%S")


def _decimal(value: float) -> str:
    """A number as DS holds it: 16 characters. Ten significant digits are 0.1 nm in a metre."""
    return f"{float(value) + 0.0:.10g}"


def _decimals(values: Sequence[float] | NDArray[np.float64]) -> list[str]:
    return [_decimal(value) for value in values]
