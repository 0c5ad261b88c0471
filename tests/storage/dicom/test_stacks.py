from __future__ import annotations

import json
import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread, uid
from pydicom.dataset import Dataset

from storage.blobs import BlobStore
from storage.dicom.frames import read_frame
from storage.dicom.objects import kept_without_pictures
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_colour, write_instance, write_projection, write_series
from tests.storage.dicom.pictures import Stored, at_positions, instances, ramp, stack

EXPLICIT = uid.ExplicitVRLittleEndian
IMAGE = "1.2.840.10008.5.1.4.1.1"
SC = f"{IMAGE}.7"
UPRIGHT = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
Unpacked = Callable[[str], dict[str, bytes]]


def affine(row: list[float], column: list[float], step: list[float], origin: list[float]) -> np.ndarray:
    """row, column: unit directions at 0.5 and 0.75 mm; step: from slice to slice, mm."""
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = np.array(row) * 0.5, np.array(column) * 0.75
    matrix[:3, 2], matrix[:3, 3] = step, origin
    return matrix


def series(matrix: np.ndarray, slices: int = 6, **attributes: Any) -> list[bytes]:
    return list(write_series(np.zeros((slices, 8, 10), np.int16), matrix, attributes=attributes))


s, c = float(np.sin(0.4)), float(np.cos(0.4))
ORIENTATIONS = {
    # As PS3.3 C.7.6.2.1.1 and C.7.3.1.1.2 define the patient positions: LPS.
    "axial, head first supine": affine([1, 0, 0], [0, 1, 0], [0, 0, 2], [-20, -30, -100]),
    "axial, head first supine, from head to feet": affine([1, 0, 0], [0, 1, 0], [0, 0, -2], [-20, -30, 100]),
    "axial, feet first supine": affine([1, 0, 0], [0, 1, 0], [0, 0, -2], [-20, -30, 700]),
    "axial, head first prone": affine([-1, 0, 0], [0, -1, 0], [0, 0, 2], [20, 30, -100]),
    "axial, head first decubitus right": affine([0, -1, 0], [1, 0, 0], [0, 0, 2], [5, 6, 7]),
    "axial, head first decubitus left": affine([0, 1, 0], [-1, 0, 0], [0, 0, 2], [5, 6, 7]),
    "sagittal": affine([0, 1, 0], [0, 0, -1], [3, 0, 0], [-60, -100, 90]),
    "sagittal, from left to right": affine([0, 1, 0], [0, 0, -1], [-3, 0, 0], [60, -100, 90]),
    "coronal": affine([1, 0, 0], [0, 0, -1], [0, 3, 0], [-90, -50, 70]),
    "oblique": affine([c, s, 0], [-s * s, c * s, -c], [-s * c * 2, c * c * 2, s * 2], [11, -12, 13]),
}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_marker_at_known_millimetres_comes_out_at_those_millimetres(name: str, tmp_path: Path) -> None:
    matrix = ORIENTATIONS[name]
    index = np.array([7, 2, 4])  # x, y, z
    marked = np.zeros((6, 8, 10), np.int16)
    marked[tuple(index[::-1])] = 1000
    truth = matrix[:3, :3] @ index + matrix[:3, 3]
    blobs = BlobStore(tmp_path)
    files = list(write_series(marked, matrix, attributes={"PatientPosition": "HFS"}))  # never believed
    random.Random(1).shuffle(files)
    arrived = [
        Stored(i.sop_instance_uid, blobs.write(1, d), i.header) for i, d in zip(instances(files), files, strict=False)
    ]
    (found,) = stacks_of(arrived)
    assert found.refusal is None and found.geometry is not None
    assert found.geometry.shape == (6, 8, 10)
    voxels = np.stack([read_frame(blobs, 1, frame) for frame in found.frames])
    z, y, x = np.argwhere(voxels == 1000)[0]
    assert np.allclose(found.geometry.affine @ [x, y, z, 1], [*truth, 1], atol=1e-5)
    # The order of the frames is the order of the instance numbers.
    assert [frame.instance_number for frame in found.frames] == [1, 2, 3, 4, 5, 6]
    # Each frame says the same of its own place.
    frame = found.frames[z]
    assert frame.position and frame.row and frame.column
    here = np.array(frame.position) + x * 0.5 * np.array(frame.row) + y * 0.75 * np.array(frame.column)
    assert np.allclose(here, truth, atol=1e-5)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_any_orientation_keeps_every_corner_within_a_micrometre(seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix = affine(list(q[:, 0]), list(q[:, 1]), list(q[:, 2] * rng.uniform(0.5, 5)), list(rng.uniform(-500, 500, 3)))
    found = stack(series(matrix))
    assert found.geometry is not None
    corners = np.array([[x, y, z, 1] for x in (0, 9) for y in (0, 7) for z in (0, 5)])
    assert np.abs(corners @ found.geometry.affine.T - corners @ matrix.T).max() < 1e-3


def test_instance_numbers_against_the_position_only_turn_the_order() -> None:
    numbers = [10, 9, 8, 7]
    files = [
        at_positions([[0, 0, 2.0 * i]], InstanceNumber=number, SOPInstanceUID=f"1.{i + 1}")[0]
        for i, number in enumerate(numbers)
    ]
    found = stack(files)
    assert [frame.instance_number for frame in found.frames] == [7, 8, 9, 10]
    assert found.geometry is not None
    assert np.allclose(found.geometry.affine[:3, 2], [0, 0, -2])


def test_wrong_instance_numbers_do_not_disturb_the_order_of_places() -> None:
    files = [
        at_positions([[0, 0, 2.0 * i]], InstanceNumber=number, SOPInstanceUID=f"1.{i + 1}")[0]
        for i, number in enumerate([1, 5, 2, 9, 11])
    ]
    found = stack(files)
    assert [frame.position[2] for frame in found.frames if frame.position] == [0, 2, 4, 6, 8]
    assert found.refusal is None


REFUSALS = {
    "too_few_slices": [[0, 0, 0], [0, 0, 2]],
    "misaligned_slices": [[0, 0.5 * (i % 2), 2 * i] for i in range(6)],
    "duplicate_positions": [[0, 0, z] for z in (0, 2, 4, 4, 6, 8)],
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_irregular_slices_make_no_volume_but_a_stack(refusal: str) -> None:
    found = stack(at_positions(REFUSALS[refusal]))
    assert (found.refusal, found.geometry) == (refusal, None)
    assert len(found.frames) == len(REFUSALS[refusal])


@pytest.mark.parametrize("step", [0.625, 0.7, 1.25, 3.3])
def test_positions_rounded_to_a_tenth_of_a_millimetre_are_even(step: float) -> None:
    found = stack(at_positions([[0, 0, round(i * step, 1)] for i in range(40)]))
    assert found.refusal is None and found.geometry is not None
    assert found.geometry.affine[2, 2] == pytest.approx(step, abs=0.1 / 39)


@pytest.mark.parametrize("degrees", [0.4, 12, -23, 45])
def test_the_lean_of_a_tilted_gantry_is_kept_in_the_grid(degrees: float) -> None:
    lean = float(np.tan(np.radians(degrees))) * 2
    # The tag's sign depends on the vendor: it is never asked.
    found = stack(at_positions([[0, lean * i, 2.0 * i] for i in range(6)], GantryDetectorTilt=-degrees))
    assert found.geometry is not None
    assert np.allclose(found.geometry.affine[:3, 2], [0, lean, 2], atol=1e-6)
    assert found.geometry.tilt_degrees == pytest.approx(abs(degrees))
    assert found.notes == (("note_tilted",) if abs(degrees) > 0.5 else ())


def test_uneven_slices_keep_the_places_that_they_have() -> None:
    heights = [0.0, 2, 4, 6.2, 8, 10, 12, 14]
    found = stack(at_positions([[0, 0, z] for z in heights]))
    assert found.geometry is not None and found.geometry.places is not None
    assert np.allclose(found.geometry.affine[:3, 2], [0, 0, 2])
    assert np.allclose(found.geometry.places * 2, heights)
    assert (found.notes, found.geometry.holes) == (("note_uneven",), ())


def test_pixels_without_a_place_scroll_by_number_and_make_no_volume() -> None:
    files = [
        write_instance(ramp(4, 4), number, EXPLICIT, {"Modality": "CT", "InstanceNumber": number})
        for number in (3, 1, 2)
    ]
    found = stack(files)
    assert [frame.instance_number for frame in found.frames] == [1, 2, 3]
    assert found.refusal == "no_geometry"


def test_other_modalities_colour_and_cine_say_why_they_make_no_volume() -> None:
    matrix = ORIENTATIONS["coronal"]
    assert stack(series(matrix, Modality="XA")).refusal == "not_ct_or_mr"
    assert stack(series(matrix, Modality="PT")).refusal is None
    assert stack([write_colour(np.zeros((4, 4, 3), np.uint8))]).refusal == "colour"
    cine = stack([write_instance(np.zeros((5, 4, 4), np.uint16), 0, EXPLICIT, {"Modality": "MR"})])
    assert (cine.refusal, len(cine.frames)) == ("multiframe", 5)
    assert [frame.frame for frame in cine.frames] == [0, 1, 2, 3, 4]


def test_what_differs_goes_into_stacks_of_its_own_and_localizers_last() -> None:
    matrix = ORIENTATIONS["axial, head first supine"]
    main = series(matrix, 5)
    scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    scouts = [
        next(write_series(np.zeros((1, 8, 10), np.int16), ORIENTATIONS[name], seed=name, attributes=scout))
        for name in ("sagittal", "coronal")
    ]
    coronal = list(write_series(np.zeros((4, 8, 10), np.int16), ORIENTATIONS["coronal"], seed="other"))
    finer = list(
        write_series(np.zeros((3, 8, 10), np.int16), matrix, seed="finer", attributes={"PixelSpacing": [0.4, 0.5]})
    )
    larger = list(write_series(np.zeros((2, 9, 10), np.int16), matrix, seed="larger"))
    found = stacks_of(instances([*scouts, *larger, *finer, *coronal, *main]))
    assert [len(one.frames) for one in found] == [5, 4, 3, 2, 2]
    assert [one.index for one in found] == [0, 1, 2, 3, 4]
    assert [one.localizer for one in found] == [False, False, False, False, True]
    assert [one.refusal for one in found] == [None, None, None, "too_few_slices", "no_geometry"]


def test_orientations_that_differ_by_rounding_share_a_stack() -> None:
    files = [
        at_positions(
            [[0, 0, 2.0 * i]],
            SOPInstanceUID=f"1.{i + 1}",
            InstanceNumber=i,
            ImageOrientationPatient=[1, e, 0, -e, 1, 0],
        )[0]
        for i, e in enumerate([0.0, 4e-4, -4e-4, 0.0])
    ]
    assert stack(files).refusal is None


def test_radial_reformats_scroll_together_by_number() -> None:
    files = []
    for number, angle in enumerate(np.radians([0, 10, 20, 30])):
        row = [float(np.cos(angle)), float(np.sin(angle)), 0.0]
        attributes = {"ImageOrientationPatient": [*row, 0, 0, -1], "SOPInstanceUID": f"1.{number + 1}"}
        files += at_positions([[0, 0, 0]], InstanceNumber=number, **{**attributes})
    found = stack(files[::-1])
    assert [frame.instance_number for frame in found.frames] == [0, 1, 2, 3]
    assert found.refusal == "no_geometry"


def test_slopes_that_differ_from_slice_to_slice_are_told_apart_from_units_that_do() -> None:
    matrix = ORIENTATIONS["coronal"]
    files = series(matrix, 4, RescaleSlope=0.5)
    (found,) = stacks_of(instances(files))
    assert (found.refusal, found.dtype) == (None, "float32")
    mixed = [*series(matrix, 4)[:3], series(matrix, 4, RescaleType="US")[3]]
    assert stack(mixed).refusal == "mixed_pixels"


def test_a_late_slice_or_other_bytes_change_the_digest_and_the_order_of_arrival_does_not() -> None:
    arrived = instances(series(ORIENTATIONS["oblique"]))
    (whole,) = stacks_of(arrived)
    (turned,) = stacks_of(arrived[::-1])
    (fewer,) = stacks_of(arrived[:-1])
    (changed,) = stacks_of([*arrived[:-1], Stored(arrived[-1].sop_instance_uid, "f" * 64, arrived[-1].header)])
    assert whole.digest == turned.digest
    assert len({whole.digest, fewer.digest, changed.digest}) == 3


def test_instances_without_pixels_are_counted_and_not_shown() -> None:
    report = write_instance(None, 0, EXPLICIT, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "Modality": "SR"})
    arrived = instances([report, *series(ORIENTATIONS["coronal"])])
    assert len(stacks_of(arrived)) == 1
    assert [kept.count for kept in kept_without_pictures(arrived)] == [1]


@pytest.mark.parametrize(
    ("attributes", "spacing", "source"),
    [
        ({}, (0.2, 0.2), "imager"),
        ({"PixelSpacing": [0.15, 0.16]}, (0.15, 0.16), "pixel"),
        ({"ImagerPixelSpacing": None}, None, "none"),
        ({"ImagerPixelSpacing": None, "NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "imager"),
        ({"PixelSpacing": [0.0, 1.0]}, (0.2, 0.2), "imager"),
        # PS3.3 10.7.1.3: the detector's own, unless it differs or somebody says how it was calibrated.
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "imager"),
        ({"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.2, 0.2), "pixel"),
        ({"PixelSpacing": [0.15, 0.16], "ImagerPixelSpacing": None}, (0.15, 0.16), "imager"),
        ({"PixelSpacing": [0.2, 0.2], "Modality": "OT", "SOPClassUID": SC}, (0.2, 0.2), "pixel"),
        ({"PixelSpacing": [0.2, 0.2], "Modality": "OT"}, (0.2, 0.2), "imager"),
        *(
            ({"PixelSpacing": [0.2, 0.2], "Modality": modality, "SOPClassUID": SC}, (0.2, 0.2), "imager")
            for modality in ("DR", "OPG", "RTIMAGE", "DX", "XA")
        ),
        # A slice of a rotational angiography is no projection, nor is one of a tomosynthesis; but a projection that
        # says where its detector stood is no slice.
        *(
            (
                {"PixelSpacing": [0.2, 0.2], "Modality": "XA", **UPRIGHT, "SOPClassUID": f"{IMAGE}.{tail}"},
                (0.2, 0.2),
                source,
            )
            for tail, source in {
                "13.1.1": "pixel",
                "13.1.3": "pixel",
                "2": "pixel",
                "12.1": "imager",
                "481.1": "imager",
            }.items()
        ),
        # A magnification is an estimate for one plane in the patient, so it is not applied.
        ({"EstimatedRadiographicMagnificationFactor": 1.5}, (0.2, 0.2), "imager"),
    ],
)
def test_a_projection_says_where_its_spacing_comes_from(
    attributes: dict[str, Any], spacing: tuple[float, float] | None, source: str
) -> None:
    found = stack([write_projection(ramp(4, 4), attributes=attributes)])
    assert (found.spacing, found.spacing_source) == (spacing, source)
    assert found.inverted and not found.colour


@pytest.mark.parametrize(
    ("modality", "tail", "source"), [("XA", "12.1.1", "imager"), ("XA", "13.1.1", "pixel"), ("XA", "7.2", "imager")]
)
def test_the_groups_of_a_projection_say_its_detectors_spacing(modality: str, tail: str, source: str) -> None:
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.3, 0.3]
    shared.PixelMeasuresSequence = [measures]
    attributes = {"Modality": modality, "SOPClassUID": f"{IMAGE}.{tail}", "SharedFunctionalGroupsSequence": [shared]}
    found = stack([write_instance(np.zeros((3, 4, 4), np.uint8), 0, EXPLICIT, attributes)])
    assert (found.spacing, found.spacing_source) == ((0.3, 0.3), source)


def test_a_calibrated_image_lends_its_calibration_to_no_other() -> None:
    detector = {"ImagerPixelSpacing": [0.14, 0.14], "PixelSpacing": [0.14, 0.14]}
    said = [detector, {**detector, "PixelSpacingCalibrationType": "FIDUCIAL"}, {**detector, "PixelSpacing": None}]
    files = [
        write_projection(ramp(4, 4), attributes={**attributes, "InstanceNumber": n, "SOPInstanceUID": f"1.2.{n}"})
        for n, attributes in enumerate(said, 1)
    ]
    found = stacks_of(instances(files))
    assert [([f.instance_number for f in one.frames], one.spacing_source) for one in found] == [
        ([1, 3], "imager"),
        ([2], "pixel"),
    ]


def test_pixels_of_another_shape_are_a_stack_of_their_own() -> None:
    ratios = {1: [1, 1], 2: [2, 1], 3: [1, 1], 4: None}
    files = [
        write_instance(ramp(4, 4, "uint8"), n, EXPLICIT, {"PixelAspectRatio": ratio, "InstanceNumber": n})
        for n, ratio in ratios.items()
    ]
    found = stacks_of(instances(files))
    assert [([f.instance_number for f in one.frames], one.aspect) for one in found] == [([1, 3, 4], 1), ([2], 2)]


def test_a_stacks_window_is_applied_as_the_frame_says_that_it_belongs_to() -> None:
    files = [
        at_positions([[0, 0, float(z)]], SOPInstanceUID=f"1.2.{z + 1}", InstanceNumber=z, VOILUTFunction=function)[0]
        for z, function in enumerate(("LINEAR", "SIGMOID", "LINEAR"))
    ]
    assert stack(files).window_function == "SIGMOID"


def test_images_of_either_polarity_are_two_stacks_each_shown_its_own_way() -> None:
    negative = {"PhotometricInterpretation": "MONOCHROME2", "SOPInstanceUID": "1.2", "InstanceNumber": 2}
    found = stacks_of(instances([write_projection(ramp(4, 4)), write_projection(ramp(4, 4), attributes=negative)]))
    assert [(len(one.frames), one.inverted) for one in found] == [(1, True), (1, False)]


def test_the_middle_frames_windows_are_the_stacks_and_each_frame_keeps_its_own() -> None:
    files = []
    for z in range(5):
        window = {"WindowCenter": 100 + z, "WindowWidth": 200 + z, "SOPInstanceUID": f"1.2.{z + 1}"}
        place = {"ImagePositionPatient": [0, 0, float(z)], "InstanceNumber": z + 1}
        files += write_series(np.zeros((1, 4, 4), np.int16), np.eye(4), attributes={**window, **place})
    found = stack(files)
    assert found.windows == [[102.0, 202.0, ""]]
    assert [frame.windows[0][:2] for frame in found.frames] == [[100.0 + z, 200.0 + z] for z in range(5)]


def test_a_header_survives_the_database() -> None:
    arrived = instances(series(ORIENTATIONS["oblique"]))
    through = [Stored(i.sop_instance_uid, i.blob_sha256, json.loads(json.dumps(i.header))) for i in arrived]
    assert stacks_of(through)[0].frames == stacks_of(arrived)[0].frames


@pytest.mark.slow
def test_the_chest_ct_is_one_volume_of_the_known_spacing(unpacked: Unpacked) -> None:
    members = unpacked("01_ct/lidc-idri-0314_chest_275sl.tar.xz")
    files = [data for name, data in members.items() if name.endswith(".dcm")]
    found = stack(files)
    assert found.refusal is None and found.geometry is not None
    assert found.geometry.shape == (275, 512, 512)
    assert np.linalg.norm(found.geometry.affine[:3, :3], axis=0) == pytest.approx([0.78125, 0.78125, 1.0], abs=1e-6)
    assert found.dtype == "int16"
    assert found.windows == [[-450.0, 2000.0, ""]]
    # Feet first: the numbers run from the head, z from high to low.
    assert np.sign(found.geometry.affine[2, 2]) == -1


def test_the_same_patient_in_four_positions_has_grids_in_one_anatomy(unpacked: Unpacked) -> None:
    members = unpacked("05_mr/dti/dcm_qa_decubitus_HFS_dwi_mosaic12dir.tar.xz")
    files = [data for data in members.values() if data[128:132] == b"DICM"]
    for one in stacks_of(instances(files)):
        for frame in one.frames:
            if frame.row and frame.column:
                assert abs(float(np.dot(frame.row, frame.column))) < 1e-9


def test_every_projection_and_ultrasound_opens_as_a_stack(test_data: Path) -> None:
    shown = 0
    for path in sorted((test_data / "06_projection_us_nm").iterdir()):
        (found,) = stacks_of(instances([path.read_bytes()]))
        assert found.geometry is None and found.refusal
        shown += len(found.frames)
    assert shown == 9 + 34 + 8


@pytest.mark.parametrize(
    ("said", "function"), [(None, "LINEAR_EXACT"), ("LINEAR", "LINEAR_EXACT"), ("SIGMOID", "SIGMOID")]
)
@pytest.mark.parametrize("grouped", [False, True])
def test_windows_of_fractions_are_exact(said: str | None, function: str, grouped: bool) -> None:
    window: dict[str, Any] = {"WindowCenter": 0.5, "WindowWidth": 1, "VOILUTFunction": said}
    voi, group = Dataset(), Dataset()
    for keyword, value in window.items():
        if value is not None:
            setattr(voi, keyword, value)
    group.FrameVOILUTSequence = [voi]
    attributes = {"SharedFunctionalGroupsSequence": [group]} if grouped else window
    dataset = dcmread(BytesIO(write_instance(ramp(4, 4), 0, EXPLICIT, attributes)))
    assert stacks_of(instances([write_instance(ramp(4, 4), 0, EXPLICIT, {})]))[0].window_function == "LINEAR"
    del dataset.PixelData
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = np.linspace(0, 1, 16, dtype=np.float32).tobytes()
    out = BytesIO()
    dataset.save_as(out)
    (stack,) = stacks_of(instances([out.getvalue()]))
    assert (stack.window_function, stack.windows) == (function, [[0.5, 1.0, ""]])


@pytest.mark.parametrize(
    "transfer_syntax", [EXPLICIT, uid.ExplicitVRBigEndian, uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless]
)
def test_frames_beyond_those_that_the_header_tells_of_are_told(transfer_syntax: str) -> None:
    cine = np.stack([np.full((15, 17), 40 * n, np.uint8) for n in range(5)])
    shared = {"SOPClassUID": f"{IMAGE}.3.1", "Modality": "US"}
    for told in (5, 3, 1, None):
        dataset = dcmread(BytesIO(write_instance(cine, 0, transfer_syntax, shared)))
        del dataset.NumberOfFrames
        if told is not None:
            dataset.NumberOfFrames = told
        stream = BytesIO()
        dataset.save_as(stream)
        if told == 3 and dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            continue  # cannot be divided: refused, see test_fragments
        found = stack([stream.getvalue()])
        assert (len(found.frames), found.notes) == (told or 1, () if told == 5 else ("note_more_frames",)), told


def test_a_byte_that_makes_the_length_even_is_no_frame() -> None:
    assert stack([write_instance(np.zeros((1, 1), np.uint8), 0, EXPLICIT, {"Modality": "OT"})]).notes == ()
