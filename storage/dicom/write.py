"""DICOM instances made from arrays: the demo study, the benchmarks and the tests. Nothing here touches a real archive.

The same seed gives the same UIDs and the same bytes. Every instance says PHANTOM in the patient's name, the series
description and the image comments; `attributes` overrides any of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

CT_INTERCEPT = -1024
WATERMARK = "PHANTOM"

ENCODERS: dict[UID, Any] = {
    JPEGBaseline8Bit: lambda a: imagecodecs.jpeg8_encode(a, level=90),
    JPEGLosslessSV1: lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=1, bitspersample=8 * a.itemsize),
    JPEGLSLossless: imagecodecs.jpegls_encode,
    JPEG2000Lossless: lambda a: imagecodecs.jpeg2k_encode(a, level=0, reversible=True, codecformat="j2k"),
    JPEG2000: lambda a: imagecodecs.jpeg2k_encode(a, level=60, codecformat="j2k"),
    HTJ2KLossless: imagecodecs.htj2k_encode,
}
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


def uid_of(*seed: Any) -> str:
    """A UID that is always the same for the same seed (PS3.5 B.2)."""
    return f"2.25.{int.from_bytes(hashlib.sha256(repr(seed).encode()).digest()[:16])}"


def write_series(
    array: NDArray[np.int16],
    affine: NDArray[np.float64],
    *,
    seed: Any = 0,
    modality: str = "CT",
    transfer_syntax: str = ExplicitVRLittleEndian,
    attributes: Mapping[str, Any] | None = None,
) -> Iterator[bytes]:
    """The slices of a phantom [z, y, x] as CT (values in HU, from −1024) or MR (values from 0) instances.

    affine: maps index (x, y, z) of a voxel centre to patient LPS mm; its first two columns must be perpendicular.
    """
    intercept = CT_INTERCEPT if modality == "CT" else 0
    stored = (np.maximum(array, intercept).astype(np.int32) - intercept).astype(np.uint16)
    bits = max(12, int(stored.max()).bit_length())
    column, row = affine[:3, 0], affine[:3, 1]
    spacing = (float(np.linalg.norm(row)), float(np.linalg.norm(column)))
    orientation = [*(column / spacing[1]), *(row / spacing[0])]
    normal = np.cross(orientation[:3], orientation[3:])
    thickness = abs(float(affine[:3, 2] @ normal))
    shared = {
        "SOPClassUID": CTImageStorage if modality == "CT" else MRImageStorage,
        "Modality": modality,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "FrameOfReferenceUID": uid_of(seed, "frame"),
        "ImageOrientationPatient": orientation,
        "PixelSpacing": list(spacing),
        "SliceThickness": thickness,
        "BitsStored": bits,
        **({"RescaleIntercept": intercept, "RescaleSlope": 1, "RescaleType": "HU"} if modality == "CT" else {}),
        **({"WindowCenter": 40, "WindowWidth": 400} if modality == "CT" else {}),
    }
    for z, slice_ in enumerate(stored):
        position = (affine @ [0, 0, z, 1])[:3]
        place = {
            "SOPInstanceUID": uid_of(seed, "instance", z),
            "InstanceNumber": z + 1,
            "ImagePositionPatient": list(position),
            "SliceLocation": float(position @ normal),
        }
        yield write_instance(slice_, seed, transfer_syntax, {**shared, **place, **(attributes or {})})


def write_projection(
    image: NDArray[np.uint16],
    *,
    seed: Any = 0,
    transfer_syntax: str = ExplicitVRLittleEndian,
    attributes: Mapping[str, Any] | None = None,
) -> bytes:
    """A computed radiograph [y, x]: MONOCHROME1, spacing on the detector only."""
    shared = {
        "SOPClassUID": ComputedRadiographyImageStorage,
        "Modality": "CR",
        "PhotometricInterpretation": "MONOCHROME1",
        "ImagerPixelSpacing": [0.2, 0.2],
        "BitsStored": 12,
    }
    return write_instance(image, seed, transfer_syntax, {**shared, **(attributes or {})})


def write_colour(
    image: NDArray[np.uint8],
    *,
    seed: Any = 0,
    transfer_syntax: str = ExplicitVRLittleEndian,
    attributes: Mapping[str, Any] | None = None,
) -> bytes:
    """A colour picture [y, x, 3], or a colour cine [frame, y, x, 3], as secondary capture or ultrasound."""
    cine = image.ndim == 4
    shared = {
        "SOPClassUID": UltrasoundMultiFrameImageStorage if cine else SecondaryCaptureImageStorage,
        "Modality": "US" if cine else "OT",
        **({"FrameTime": 40} if cine else {}),
    }
    return write_instance(image, seed, transfer_syntax, {**shared, **(attributes or {})})


def write_instance(
    pixels: NDArray[Any] | None, seed: Any, transfer_syntax: str, attributes: Mapping[Any, Any]
) -> bytes:
    """One instance as a file's bytes. No pixels: a bare object.

    attributes: by keyword, which win and None removes; or by tag (VR, value), for what has no keyword.
    pixels: [y, x], [y, x, 3] of unsigned or signed integers, or [frame, y, x(, 3)].
    """
    dataset = Dataset()
    values: dict[Any, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": SecondaryCaptureImageStorage,
        "SOPInstanceUID": uid_of(seed, "instance", attributes.get("InstanceNumber")),
        "StudyInstanceUID": uid_of(seed, "study"),
        "SeriesInstanceUID": uid_of(seed, "series"),
        "StudyDate": "20260101",
        "StudyTime": "120000",
        "AccessionNumber": "",
        "StudyID": "1",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "PatientName": "PHANTOM^DEMO",
        "PatientID": "PHANTOM",
        "PatientBirthDate": "",
        "PatientSex": "O",
        "StudyDescription": WATERMARK,
        "SeriesDescription": WATERMARK,
        "ImageComments": f"{WATERMARK}: not a patient",
        **(_pixel_module(pixels) if pixels is not None else {}),
        **attributes,
    }
    for keyword, value in values.items():
        if isinstance(keyword, int):
            dataset.add_new(keyword, *value)
        elif value is not None:
            setattr(dataset, keyword, _decimal(value))
    if pixels is not None:
        _put_pixels(dataset, pixels, UID(transfer_syntax))
    return _file_of(dataset, UID(transfer_syntax))


def _pixel_module(pixels: NDArray[Any]) -> dict[str, Any]:
    colour = pixels.ndim >= 3 and pixels.shape[-1] == 3
    rows, columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    bits = 8 * pixels.dtype.itemsize
    frames = pixels.ndim - (3 if colour else 2)
    return {
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        **({"PlanarConfiguration": 0} if colour else {}),
        **({"NumberOfFrames": len(pixels)} if frames else {}),
    }


def _decimal(value: Any) -> Any:
    """Floats as DS holds them: 16 characters. Ten significant digits are 0.1 nm in a metre."""
    if isinstance(value, (float, np.floating)):
        return f"{float(value) + 0.0:.10g}"
    return [_decimal(v) for v in value] if isinstance(value, list) else value


def _put_pixels(dataset: Dataset, pixels: NDArray[Any], transfer_syntax: UID) -> None:
    dataset.HighBit = dataset.BitsStored - 1
    if transfer_syntax in NATIVE:
        big_endian = transfer_syntax == ExplicitVRBigEndian
        data = pixels.astype(pixels.dtype.newbyteorder(">" if big_endian else "<")).tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
        return
    frames = pixels if "NumberOfFrames" in dataset else pixels[None]
    # The codecs know unsigned samples only; the bits stay the same.
    unsigned = [np.ascontiguousarray(frame).view(f"u{pixels.dtype.itemsize}") for frame in frames]
    if transfer_syntax == RLELossless:
        encoded = [_rle(frame, dataset) for frame in unsigned]
    else:
        encoded = [bytes(ENCODERS[transfer_syntax](frame)) for frame in unsigned]
    dataset.PixelData = encapsulate(encoded)
    dataset["PixelData"].VR = "OB"


def _rle(frame: NDArray[Any], dataset: Dataset) -> bytes:
    description: Any = {
        "rows": dataset.Rows,
        "columns": dataset.Columns,
        "number_of_frames": 1,
        "samples_per_pixel": dataset.SamplesPerPixel,
        "photometric_interpretation": dataset.PhotometricInterpretation,
        "planar_configuration": 0,
        "bits_allocated": dataset.BitsAllocated,
        "bits_stored": dataset.BitsAllocated,
        "pixel_representation": 0,
    }
    # Not by gdcm, which aborts the process on an image of one pixel.
    data = frame.astype(frame.dtype.newbyteorder("<")).tobytes()
    return bytes(RLELosslessEncoder.encode(data, encoding_plugin="pylibjpeg", **description))


def _file_of(dataset: Dataset, transfer_syntax: UID) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = UID(uid_of("Farview"))
    meta.ImplementationVersionName = "FARVIEW"
    dataset.file_meta = meta
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()
