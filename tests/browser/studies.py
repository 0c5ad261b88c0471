"""Studies for the browser tests as DICOM: a cine, a 4-D heart, a PET, missing slices, a spoilt image, no pictures."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    RLELossless,
    XRayAngiographicImageStorage,
)

from storage.dicom.write import uid_of, write_instance, write_series

FRAMES, FRAME_MS = 24, 50
PHASES, TRIGGER_MS = 5, 60
SLICES, STEP_MM = 30, 3.0
MISSING = (12, 13, 14)  # of the CT with a gap
SPOILT = 1  # of the CT with an image that cannot be decoded
SIDE = 96

STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88.22"


def write_studies(folder: Path) -> None:
    """One folder of files of five studies: PLAYER, HEART, GAP, SPOILT and REPORT."""
    for n, data in enumerate([*cine(), *heart(), *gap(), *spoilt(), *report()]):
        (folder / f"{n:04}.dcm").write_bytes(data)


def _named(name: str, **more: Any) -> dict[str, Any]:
    return {
        "PatientName": f"{name}^TEST",  # not PHANTOM, by which other tests find the demo study
        "PatientID": name,
        "StudyInstanceUID": uid_of(name, "study"),
        "SeriesInstanceUID": uid_of(name, "series"),
        "StudyDescription": name,
        "SeriesDescription": name,
        **more,
    }


def cine_pixels() -> NDArray[np.uint16]:
    """[frame, y, x]: a bright vertical bar, four columns wide, that goes one step to the right each frame."""
    pixels = np.full((FRAMES, SIDE, SIDE), 400, np.uint16)
    for frame in range(FRAMES):
        pixels[frame, :, 4 * frame : 4 * frame + 4] = 3000
    return pixels


def _lut(values: NDArray[np.uint16], explanation: str) -> Dataset:
    lut = Dataset()
    lut.LUTDescriptor = [len(values), 0, 12]
    lut.LUTExplanation = explanation
    lut.add_new(0x00283006, "OW", values.astype("<u2").tobytes())
    return lut


def cine() -> Iterator[bytes]:
    """Angiography of 24 frames at 50 ms with an overlay, a round shutter, a window and a VOI LUT that inverts."""
    overlay = np.zeros((SIDE, SIDE), np.uint8)
    overlay[8:12, 40:56] = 1
    attributes = _named(
        "PLAYER",
        SOPClassUID=XRayAngiographicImageStorage,
        Modality="XA",
        FrameTime=FRAME_MS,
        FrameIncrementPointer=0x00181063,
        WindowCenter=2048,
        WindowWidth=4096,
        WindowCenterWidthExplanation="PLAIN",
        VOILUTSequence=[_lut(np.arange(4095, -1, -1, dtype=np.uint16), "REVERSED")],
        ShutterShape="CIRCULAR",
        CenterOfCircularShutter=[SIDE // 2, SIDE // 2],
        RadiusOfCircularShutter=SIDE // 2 - 4,
        BitsStored=12,
    )
    drawn = {
        0x60000010: ("US", SIDE),
        0x60000011: ("US", SIDE),
        0x60000040: ("CS", "G"),
        0x60000050: ("SS", [1, 1]),
        0x60000100: ("US", 1),
        0x60000102: ("US", 0),
        0x60003000: ("OW", np.packbits(overlay.ravel(), bitorder="little").tobytes()),
    }
    yield write_instance(cine_pixels(), "PLAYER", ExplicitVRLittleEndian, {**attributes, **drawn})


def heart_values(phase: int) -> NDArray[np.int16]:
    """[z, y, x]: a ball in the middle that is the larger the later the phase."""
    z, y, x = np.mgrid[0:12, 0:SIDE, 0:SIDE].astype(float)
    away = np.sqrt(((z - 5.5) * 4) ** 2 + (y - SIDE / 2) ** 2 + (x - SIDE / 2) ** 2)
    return np.where(away < 12 + 4 * phase, 900, 200).astype(np.int16)


def heart() -> Iterator[bytes]:
    """An MR of 12 slices, each taken at five trigger times."""
    affine = np.diag([1.0, 1.0, 4.0, 1.0])
    for phase in range(PHASES):
        attributes = _named(
            "HEART", FrameOfReferenceUID=uid_of("HEART", "frame"), TriggerTime=phase * TRIGGER_MS, WindowCenter=500
        )
        own = {**attributes, "WindowWidth": 1000}
        for z, data in enumerate(write_series(heart_values(phase), affine, modality="MR", attributes=own)):
            yield _renumbered(data, uid_of("HEART", phase, z), z * PHASES + phase + 1)


# Of the PET: centre x, y, z and radius in voxels, becquerels per millilitre.
FOCI = (((20, 18, 14), 3, 12000), ((44, 30, 30), 2, 7000))
PET_MM = 4.0


def pet_values() -> NDArray[np.int16]:
    """[z, y, x]: a faint body of 40 slices with two foci, one in front of it on the right, one behind on the left."""
    z, y, x = np.mgrid[0:40, 0:48, 0:60].astype(float)
    values = np.where(((x - 30) / 24) ** 2 + ((y - 24) / 16) ** 2 < 1, 900, 0)
    for (cx, cy, cz), radius, uptake in FOCI:
        values = np.where((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 <= radius**2, uptake, values)
    return values.astype(np.int16)


def pet() -> Iterator[bytes]:
    """A PET in becquerels per millilitre, whose window ends at 10000."""
    attributes = _named(
        "UPTAKE",
        SOPClassUID=PositronEmissionTomographyImageStorage,
        Modality="PT",
        Units="BQML",
        RescaleSlope=1,
        RescaleIntercept=0,
        WindowCenter=5000,
        WindowWidth=10000,
        FrameOfReferenceUID=uid_of("UPTAKE", "frame"),
    )
    affine = np.diag([PET_MM, PET_MM, PET_MM, 1.0])
    yield from write_series(pet_values(), affine, seed="UPTAKE", modality="PT", attributes=attributes)


# Of the fused study: a CT whose body is this bright, in voxels of so many millimetres, over the same space as the PET.
FUSED_HU, FUSED_MM = 40, 3.0


def fused_values() -> NDArray[np.int16]:
    """[z, y, x] HU: the body of the PET, in air."""
    _, y, x = np.mgrid[0:53, 0:64, 0:80].astype(float) * FUSED_MM / PET_MM
    return np.where(((x - 30) / 24) ** 2 + ((y - 24) / 16) ** 2 < 1, FUSED_HU, -1000).astype(np.int16)


def fused() -> Iterator[bytes]:
    """A CT, the PET in its patient space, and the same PET once more in another one."""
    name = "FUSED"
    ct = {**_named(name, SeriesInstanceUID=uid_of(name, "CT"), SeriesDescription="LOW DOSE"), "SeriesNumber": 1}
    affine = np.diag([FUSED_MM, FUSED_MM, FUSED_MM, 1.0])
    frame = {"FrameOfReferenceUID": uid_of(name, "frame")}
    yield from write_series(fused_values(), affine, seed=(name, "CT"), attributes={**ct, **frame})
    for number, description in ((2, "AC"), (3, "MOVED")):
        own = {
            **_named(name, SeriesInstanceUID=uid_of(name, description), SeriesDescription=description),
            "SeriesNumber": number,
            "SOPClassUID": PositronEmissionTomographyImageStorage,
            "Modality": "PT",
            "Units": "BQML",
            "RescaleSlope": 1,
            "RescaleIntercept": 0,
            "WindowCenter": 6000,
            "WindowWidth": 8000,
            "FrameOfReferenceUID": uid_of(name, "frame" if number == 2 else "another frame"),
        }
        pet_affine = np.diag([PET_MM, PET_MM, PET_MM, 1.0])
        yield from write_series(pet_values(), pet_affine, seed=(name, description), modality="PT", attributes=own)


CUT_MM = (1.0, 1.5, 2.0)  # of the study that is cut into reformats


def cut_values() -> NDArray[np.int16]:
    """[z, y, x] HU: a different ramp along each axis, so that every plane is told from every other."""
    z, y, x = np.mgrid[0:40, 0:60, 0:80]
    return (2 * x + 5 * y + 11 * z - 400).astype(np.int16)


def cut() -> Iterator[bytes]:
    """A CT of 40 slices to make reformats of."""
    attributes = _named("REFORMAT", FrameOfReferenceUID=uid_of("REFORMAT", "frame"))
    yield from write_series(cut_values(), np.diag([*CUT_MM, 1.0]), seed="REFORMAT", attributes=attributes)


def gap_values() -> NDArray[np.int16]:
    """[z, y, x] HU: each slice says by its value which one it is."""
    values = np.arange(SLICES, dtype=np.int16) * 10
    return np.broadcast_to(values[:, None, None], (SLICES, SIDE, SIDE)).astype(np.int16)


def gap() -> Iterator[bytes]:
    """A CT of which three slices in the middle never arrived."""
    affine = np.diag([1.0, 1.0, STEP_MM, 1.0])
    attributes = _named("GAP", FrameOfReferenceUID=uid_of("GAP", "frame"))
    for z, data in enumerate(write_series(gap_values(), affine, seed="GAP", attributes=attributes)):
        if z not in MISSING:
            yield data


def spoilt() -> Iterator[bytes]:
    """A CT of eight slices, one of which is run-length encoded and cut off."""
    attributes = _named("SPOILT", FrameOfReferenceUID=uid_of("SPOILT", "frame"))
    affine = np.diag([1.0, 1.0, STEP_MM, 1.0])
    for z, data in enumerate(write_series(gap_values()[:8], affine, seed="SPOILT", attributes=attributes)):
        yield _cut_off(data) if z == SPOILT else data


def _cut_off(data: bytes) -> bytes:
    dataset = dcmread(BytesIO(data))
    dataset.compress(RLELossless, generate_instance_uid=False)
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate([frame[:100]])
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def report() -> Iterator[bytes]:
    """Two structured reports, and nothing that could be shown; the second one comes again with another content."""
    for n, title in enumerate(["REPORT", "REPORT", "ANOTHER"]):
        number = min(n + 1, 2)
        attributes = _named("REPORT", SOPClassUID=STRUCTURED_REPORT, Modality="SR", InstanceNumber=number)
        attributes["SeriesDescription"] = title
        yield write_instance(None, "REPORT", ExplicitVRLittleEndian, attributes)


def _renumbered(data: bytes, uid: str, number: int) -> bytes:
    """The same instance under another identity."""
    dataset = dcmread(BytesIO(data))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.InstanceNumber = number
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()
