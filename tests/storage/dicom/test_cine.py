from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from storage.dicom.cine import read_cine

VECTOR, TIME = Tag(0x0018, 0x1065), Tag(0x0018, 0x1063)


def cine(frames: int = 4, **attributes: Any) -> tuple[float | None, list[float] | None]:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    found = read_cine(dataset, frames)
    return found["frame_time_ms"], found["frame_times_ms"]


@pytest.mark.parametrize(
    ("attributes", "one"),
    [
        ({"FrameTime": 33.3}, 33.3),
        ({"FrameTime": 33.3, "RecommendedDisplayFrameRate": 15, "CineRate": 25}, 33.3),
        ({"RecommendedDisplayFrameRate": 15, "CineRate": 25}, 1000 / 15),
        ({"CineRate": 25}, 40),
        ({"ActualFrameDuration": 66}, 66),
        ({"ActualFrameDuration": 600_000}, None),  # an exposure of ten minutes is no step of a film
        ({"FrameTime": 0, "CineRate": 25}, 40),
        ({"FrameTime": -5}, None),
        ({"CineRate": 0}, None),
        ({"FrameTime": 1e9}, None),
        ({}, None),
    ],
)
def test_all_frames_are_shown_as_long_as_the_header_says(attributes: dict[str, Any], one: float | None) -> None:
    assert cine(**attributes) == (pytest.approx(one) if one else None, None)


def test_each_frame_is_shown_until_the_next_one_comes() -> None:
    # PS3.3 C.7.6.5.1.2: increments from the frame before; the first is 0.
    assert cine(FrameTimeVector=[0, 30, 50, 40]) == (40, [30, 50, 40, 40])


def test_a_vector_of_equal_steps_is_one_time() -> None:
    assert cine(FrameTimeVector=[0, 40, 40, 40]) == (40, None)


def test_the_increment_pointer_says_which_of_two_counts() -> None:
    both: dict[str, Any] = {"FrameTime": 100, "FrameTimeVector": [0, 30, 50, 40]}
    assert cine(**both, FrameIncrementPointer=VECTOR) == (40, [30, 50, 40, 40])
    assert cine(**both, FrameIncrementPointer=TIME) == (100, None)


@pytest.mark.parametrize("vector", [[0, 30], [0, 30, 0, 40], [0, 30, -1, 40], [0, 30, 1e8, 40]])
def test_a_vector_that_is_too_short_or_holds_no_times_does_not_count(vector: list[float]) -> None:
    assert cine(FrameTimeVector=vector, CineRate=10) == (100, None)


def enhanced(modality: str, *moments: str) -> tuple[float | None, list[float] | None]:
    items = []
    for moment in moments:
        content, item = Dataset(), Dataset()
        content.FrameReferenceDateTime = moment
        item.FrameContentSequence = [content]
        items.append(item)
    return cine(len(items), Modality=modality, PerFrameFunctionalGroupsSequence=items)


def test_the_moments_of_an_enhanced_angiography_are_its_times() -> None:
    moments = ("20260101120000.000", "20260101120000.125+0800", "20260101120000.375", "20260101120000.5")
    assert enhanced("XA", *moments) == (125, [125, 250, 125, 125])
    assert enhanced("XA", *moments[:3]) == (250, [125, 250, 250])
    # Slices of a CT have moments too, and are no film.
    assert enhanced("CT", *moments) == (None, None)
    assert enhanced("XA", moments[1], moments[0], moments[2]) == (None, None)
    assert enhanced("XA", moments[0], "", moments[2]) == (None, None)


@pytest.mark.parametrize(("value", "playback"), [(0, "loop"), (1, "sweep"), (2, "once"), (7, "loop"), (None, "loop")])
def test_the_way_of_playing_is_the_header_s(value: int | None, playback: str) -> None:
    dataset = Dataset()
    if value is not None:
        dataset.PreferredPlaybackSequencing = value
    assert read_cine(dataset, 3)["playback"] == playback
