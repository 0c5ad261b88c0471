"""How fast the frames of a multi-frame instance are meant to be shown (PS3.3 C.7.6.5 and C.7.6.6)."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import integer_of, item_of, items_of, number_of, numbers_of, text_of, values_of

SHORTEST_MS, LONGEST_MS = 1.0, 60_000.0
# A frame that took longer to acquire is an exposure, as of a bone scan, and no step of a film.
LONGEST_EXPOSURE_MS = 2000.0
FILMS = ("XA", "RF", "US", "IVUS", "ES", "XC", "GM", "OP")  # modalities whose frame times are those of a film
_VECTOR = 0x00181065  # FrameTimeVector, where FrameIncrementPointer points to it


def read_cine(dataset: Dataset, frames: int) -> dict[str, Any]:
    """The fields of Header: frame_time_ms, how long a frame is shown; frame_times_ms, where each has its own time;
    playback: "loop", "sweep" (there and back) or "once"."""
    vector = _vector(dataset, frames)
    own = vector or _reference_times(dataset, frames)
    one = _first(
        None if own else number_of(dataset, "FrameTime"),
        _median(own),
        _per_second(dataset, "RecommendedDisplayFrameRate"),
        _per_second(dataset, "CineRate"),
        _exposure(dataset),
    )
    times = own if own and max(own) - min(own) > 1e-3 else None
    playback = {1: "sweep", 2: "once"}.get(integer_of(dataset, "PreferredPlaybackSequencing") or 0, "loop")
    return {"frame_time_ms": one, "frame_times_ms": times, "playback": playback}


def _vector(dataset: Dataset, frames: int) -> list[float] | None:
    """How long each frame is shown, by the increments from frame to frame; the last like most others."""
    if frames < 2 or len(values_of(dataset, "FrameTimeVector")) < frames:
        return None
    pointers = [int(tag) for tag in values_of(dataset, "FrameIncrementPointer") if isinstance(tag, int)]
    if number_of(dataset, "FrameTime") and _VECTOR not in pointers:
        return None
    return _closed(numbers_of(dataset, "FrameTimeVector", frames)[1:])


def _reference_times(dataset: Dataset, frames: int) -> list[float] | None:
    """The same of an enhanced angiography or fluoroscopy, by the moments that its frames belong to."""
    items = items_of(dataset, "PerFrameFunctionalGroupsSequence")
    if frames < 2 or len(items) != frames or text_of(dataset, "Modality") not in FILMS:
        return None
    moments = [_moment(text_of(item_of(item, "FrameContentSequence"), "FrameReferenceDateTime")) for item in items]
    known = [moment for moment in moments if moment is not None]
    if len(known) != frames:
        return None
    return _closed([1000 * (b - a) for a, b in pairwise(known)])


def _moment(text: str) -> float | None:
    """Seconds of a DT value; the zone is the same for all frames and does not matter."""
    digits, _, fraction = re.split(r"[+-]", text, maxsplit=1)[0].partition(".")
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").timestamp() + float(f"0.{fraction or 0}")
    except (ValueError, OverflowError):
        return None


def _closed(steps: list[float]) -> list[float] | None:
    """The steps with one more for the last frame, which no other follows; None where one cannot be a frame's time."""
    if not steps or not all(SHORTEST_MS <= step <= LONGEST_MS for step in steps):
        return None
    return [round(step, 3) for step in [*steps, sorted(steps)[len(steps) // 2]]]


def _median(times: list[float] | None) -> float | None:
    return sorted(times)[len(times) // 2] if times else None


def _per_second(dataset: Dataset, keyword: str) -> float | None:
    rate = number_of(dataset, keyword)
    return 1000 / rate if rate and rate > 0 else None


def _exposure(dataset: Dataset) -> float | None:
    time = number_of(dataset, "ActualFrameDuration")
    return time if time is not None and time <= LONGEST_EXPOSURE_MS else None


def _first(*candidates: float | None) -> float | None:
    """The first that can be a frame's time."""
    return next((time for time in candidates if time is not None and SHORTEST_MS <= time <= LONGEST_MS), None)
