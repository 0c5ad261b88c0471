"""The study list and one study, as the page gets them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import simplejpeg
from pydicom.dataset import Dataset

from api.answers import dump
from api.messages import SeriesInfo, StoredObject, WindowPreset
from api.studies import series_info, study_info
from storage.dicom.header import read_header
from storage.dicom.write import write_instance, write_projection, write_series
from storage.instances import ExistingInstance, NewInstance, insert_conflict
from storage.studies import StoredInstance, StoredSeries, find_study
from tests.api.conftest import House, add_study


async def test_a_study_comes_with_its_stacks_and_their_places(house: House) -> None:
    await house.sign_in()
    info = await (await house.client.get(f"/api/studies/{house.studies['A']}")).json()
    assert info["study"]["institution"] == "A"
    assert info["study"]["images"] == 4
    [series] = info["series"]
    assert (series["id"], series["modality"], series["images"]) == (house.series["A"], "CT", 4)
    assert (series["not_displayable"], info["conflicts"]) == ([], 0)
    [stack] = series["stacks"]
    assert (stack["rows"], stack["columns"], stack["refusal"]) == (8, 8, None)
    assert stack["spacing"] == [0.7, 0.7]
    assert stack["volume"]["shape"] == [4, 8, 8]
    assert np.allclose(stack["volume"]["affine"], [0.7, 0, 0, 0, 0, 0.7, 0, 0, 0, 0, 2.5, 0])
    assert [frame["position"][2] for frame in stack["frames"]] == pytest.approx([0, 2.5, 5, 7.5])


async def test_a_study_says_how_many_images_are_kept_and_not_shown(house: House) -> None:
    await house.sign_in()
    async with house.database.acting(None) as connection:
        for name, study_id in house.studies.items():
            _, (series,) = await find_study(connection, study_id)
            first = ExistingInstance(series.instances[0].id, "", "", "")
            for number in range(3):
                digest = f"{name}{number}".lower().rjust(64, "0")
                other = NewInstance(0, series.instances[0].sop_instance_uid, "", 1, "", digest, 1, digest, {})
                await insert_conflict(connection, series.institution_id, first, other, "", "SCANNER")
    info = await (await house.client.get(f"/api/studies/{house.studies['A']}")).json()
    assert (info["study"]["images"], info["conflicts"]) == (4, 3)


async def test_the_list_has_pages_and_a_filter(house: House) -> None:
    await house.sign_in()
    everything = await (await house.client.get("/api/studies")).json()
    assert (everything["total"], len(everything["studies"])) == (1, 1)
    assert everything["studies"][0]["id"] == house.studies["A"]
    found = await (await house.client.get("/api/studies", params={"query": "patient chest"})).json()
    assert found["total"] == 1
    none = await (await house.client.get("/api/studies", params={"query": "knee"})).json()
    assert (none["total"], none["studies"]) == (0, [])
    beyond = await (await house.client.get("/api/studies", params={"offset": "1"})).json()
    assert (beyond["total"], beyond["studies"]) == (1, [])


@pytest.mark.parametrize(
    "query",
    ["limit=0x10", "limit=1000", f"limit={1000:030}", "offset=-1", "limit=", "query=" + "a" * 201, "query=%00"],
)
async def test_a_query_that_makes_no_sense_is_refused(house: House, query: str) -> None:
    await house.sign_in()
    response = await house.client.get(f"/api/studies?{query}")
    assert (response.status, (await response.json())["code"]) == (400, "invalid_request")


async def test_a_thumbnail_is_a_small_jpeg(house: House) -> None:
    await house.sign_in()
    response = await house.client.get(f"/api/series/{house.series['A']}/thumbnail")
    assert (response.status, response.headers["Content-Type"]) == (200, "image/jpeg")
    height, width, *_ = simplejpeg.decode_jpeg_header(await response.read())
    assert 0 < max(height, width) <= 256


@pytest.mark.slow
async def test_five_hundred_images_are_told_quickly(house: House) -> None:
    await add_study(house, "C", slices=500)
    async with house.database.acting(None) as connection:
        study, series = await find_study(connection, house.studies["C"])
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        body = dump(study_info(study, series, 0))
        took.append(time.perf_counter() - begun)
    print(f"500 images: {min(took) * 1000:.1f} ms, {len(body)} bytes")
    assert len(series[0].instances) == 500


@pytest.mark.parametrize(("middle", "expected"), [([102, 202], [[100, 200], None, [103, 203]]), (None, None)])
def test_a_frame_says_its_window_only_where_it_is_not_the_stacks(
    middle: list[float] | None, expected: list[list[float] | None] | None
) -> None:
    windows = [[100, 200], middle, [103, 203]]
    instances = []
    for z, window in enumerate(windows):
        said = {"WindowCenter": window[0], "WindowWidth": window[1]} if window else {"WindowCenter": None}
        place = {"ImagePositionPatient": [0, 0, float(z)], "InstanceNumber": z + 1, "SOPInstanceUID": f"1.2.{z + 1}"}
        (data,) = write_series(np.zeros((1, 4, 4), np.int16), np.eye(4), attributes={**said, **place})
        header = read_header(data)[0].to_json()
        instances.append(StoredInstance(z, f"1.2.{z + 1}", "", z + 1, "", "0" * 64, header))
    [stack] = series_info(StoredSeries(1, 1, 1, "1", 1, "CT", "", "", instances)).stacks
    assert [(w.centre, w.width) for w in stack.windows] == ([tuple(middle)] if middle else [])
    assert [list(f.window) if f.window else None for f in stack.frames] == (expected or [[100, 200], None, [103, 203]])


def info_of(files: list[bytes]) -> SeriesInfo:
    """One series as the page gets it, without a database."""
    stored = []
    for number, data in enumerate(files):
        header, identity = read_header(data)
        uid = identity.sop_instance_uid
        stored.append(
            StoredInstance(number, uid, header.sop_class_uid, number, header.transfer_syntax_uid, uid, header.to_json())
        )
    return series_info(StoredSeries(1, 1, 1, "1.2.3", 1, "XA", "", "", stored))


def voi_lut(entries: list[int], explanation: str) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), 100, 8])
    item.add_new("LUTData", "US", entries)
    item.LUTExplanation = explanation
    return item


def test_voi_tables_are_choices_among_the_windows() -> None:
    attributes = {"VOILUTSequence": [voi_lut([0, 9], "SOFT"), voi_lut([0, 1, 2, 3], "HARD")]}
    windows = {"WindowCenter": 2000, "WindowWidth": 300, "WindowCenterWidthExplanation": "USER"}
    [stack] = info_of([write_projection(np.zeros((4, 4), np.uint16), attributes=attributes | windows)]).stacks
    assert stack.windows == [
        WindowPreset(2000, 300, "USER", None),
        WindowPreset(101, 2, "SOFT", 0),
        WindowPreset(102, 4, "HARD", 1),
    ]


def test_frames_with_tables_of_their_own_are_all_shown_by_these() -> None:
    files = [
        write_projection(
            np.zeros((4, 4), np.uint16),
            seed=number,
            attributes={"InstanceNumber": number, "VOILUTSequence": [voi_lut([0] * (number + 1), "")]},
        )
        for number in (1, 2, 3)
    ]
    [stack] = info_of(files).stacks
    assert [window.lut for window in stack.windows] == [0]
    assert [frame.window for frame in stack.frames] == [None] * 3


@pytest.mark.parametrize(
    ("ratios", "of_all"),
    [([None, None], ""), ([12, 12], "12:1 JPEG"), ([None, 12], "lossy"), ([12, 30], "lossy")],
)
def test_each_image_says_what_it_has_lost_and_a_stack_what_all_have(ratios: list[int | None], of_all: str) -> None:
    files = []
    for number, ratio in enumerate(ratios):
        said = {"LossyImageCompressionRatio": ratio, "LossyImageCompressionMethod": "ISO_10918_1"} if ratio else {}
        files.append(
            write_projection(
                np.zeros((4, 4), np.uint16), seed=number, attributes={"InstanceNumber": number + 1, **said}
            )
        )
    [stack] = info_of(files).stacks
    assert [frame.lossy for frame in stack.frames] == [f"{ratio}:1 JPEG" if ratio else "" for ratio in ratios]
    assert stack.lossy == of_all


def test_a_cine_says_how_long_each_frame_is_shown_and_what_is_drawn_over_it() -> None:
    frames = np.zeros((3, 16, 16), np.uint8)
    attributes = {"FrameTimeVector": [0, 40, 60], "PreferredPlaybackSequencing": 1}
    shutter = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [8, 8], "RadiusOfCircularShutter": 5}
    overlay: dict[Any, Any] = {
        0x60000010: ("US", 16),
        0x60000011: ("US", 16),
        0x60000050: ("SS", [1, 1]),
        0x60000100: ("US", 1),
        0x60000102: ("US", 0),
        0x60003000: ("OW", b"\1" * 32),
    }
    [plain] = info_of([write_instance(frames, 0, "1.2.840.10008.1.2.1", attributes)]).stacks
    assert (plain.frame_time_ms, plain.frame_times_ms, plain.playback) == (60, [40, 60, 60], "sweep")
    assert (plain.overlays, plain.shutter) == (False, False)
    [drawn] = info_of([write_instance(frames, 0, "1.2.840.10008.1.2.1", {**attributes, **shutter, **overlay})]).stacks
    assert (drawn.overlays, drawn.shutter) == (True, True)


def test_a_projection_has_letters_and_a_slice_has_directions() -> None:
    [stack] = info_of(
        [write_projection(np.zeros((4, 4), np.uint16), attributes={"PatientOrientation": ["A", "F"]})]
    ).stacks
    assert (stack.frames[0].patient_orientation, stack.frames[0].row) == (("A", "F"), None)
    slices = list(write_series(np.zeros((1, 4, 4), np.int16), np.eye(4), attributes={"PatientOrientation": ["L", "P"]}))
    [stack] = info_of(slices).stacks
    assert stack.frames[0].patient_orientation is None and stack.frames[0].row is not None


def test_what_has_no_picture_is_named() -> None:
    report = write_instance(None, 0, "1.2.840.10008.1.2.1", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"})
    series = info_of([report, write_projection(np.zeros((4, 4), np.uint16))])
    assert series.not_displayable == [StoredObject("report", "Comprehensive SR", 1)]
    assert len(series.stacks) == 1
