"""Frames that share their places, told apart: one set of slices for each time, echo, weighting or reconstruction.

A separator is believed only where it makes whole sets: no place twice in one, and hardly a set with less than half of
the places. Garbage (trigger times that differ from slice to slice, say) makes sets of single slices and is left alone.
Where only the order of images tells them apart, every place must have as many of them, numbered set after set or place
after place: after an image that is missing, the second at its place would be taken for the first. Images of a place
that have the same number have no order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from storage.dicom.crowds import PICTURE, Crowd, is_alike, is_level, is_ordered, is_whole, repeats_of
from storage.dicom.grid import place_codes
from storage.dicom.sets import TIMES, Array, Codes, codes_of, said_by, sets_of, values_of
from storage.dicom.sources import FrameSource

MIN_PLACES = 3  # with fewer there is no Volume to be had, and a cine of one slice stays one Stack
MOST_FAMILIES = 8
APART = 2.0  # times of two phases differ by more than this times the spread within one
# What has no name of its own for the reader, and how it is written.
ORDERS: dict[str, Callable[[Any], str]] = {
    "inversion_time": lambda value: f"TI {value:g}",
    "flip_angle": lambda value: f"FA {value:g}",
    "dimensions": lambda value: " ".join(map(str, value)),
    "comments": str,
}
TELLING = (
    "temporal_position",
    "cardiac_percent",
    "respiratory_percent",
    "trigger_time",
    "frame_reference_time",
    "b_value",
    "gradient",
    "echo",
    "inversion_time",
    "flip_angle",
    *PICTURE,
)
SCANS = ("acquisition", "acquired", "bout", "dimensions", "content", "content_bout", "comments")


@dataclass(frozen=True, slots=True)
class Phase:
    """Which of several Stacks of the same places this is; see api.messages.Phase."""

    group: str
    number: int
    count: int
    kind: str
    value: float | None
    text: str
    by_order: bool = False  # no header says so, only the order of the images


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that make one Stack: their indices among those that were split. Parts of one family are its phases.

    An empty kind: the family has this part alone.
    """

    frames: Codes
    kind: str
    value: float | None
    text: str
    family: int = 0
    by_order: bool = False


def split(frames: Sequence[FrameSource], distances: Array, ranks: Array) -> list[Part] | None:
    """The sets into which parallel frames fall, or None when they stay together.

    distances: along the normal, mm. ranks: of their numbers, NaN where unknown.
    """
    places = place_codes(distances)
    count = int(places.max()) + 1
    if count == len(places) or count < MIN_PLACES:
        return None
    crowd = Crowd([said_by(frame) for frame in frames], places, np.where(np.isnan(ranks), np.inf, ranks))
    return next(_attempts(crowd), None)


def _attempts(crowd: Crowd) -> Iterator[list[Part]]:
    """Every way to split, the most telling first."""
    yield from _telling(crowd)
    yield from _families(crowd, PICTURE, lambda part: _telling(part, again=True))
    yield from _each(crowd, ("gradient", "b_value"), again=True)
    yield from _timed(crowd)
    yield from _each(crowd, SCANS)
    yield from _families(crowd, ("echo", "temporal_position", "b_value", "acquisition"), _attempts_within)
    yield from _each(crowd, ("echo", "temporal_position", "image_type", "kernel"), again=True)
    yield from _ranked(crowd, ("acquired",))
    yield from _by_order(crowd)
    yield from _by_time(crowd)
    # What cannot be told apart shares a Stack, which makes no Volume, and spares the others.
    yield from _families(crowd, (*PICTURE, "b_value", "echo", "acquisition"), _attempts_within, forgiving=True)


def _telling(crowd: Crowd, again: bool = False) -> Iterator[list[Part]]:
    yield from _each(crowd, TELLING)
    if again:
        yield from _each(crowd, ("gradient", "b_value"), again=True)
        yield from _timed(crowd)


def _timed(crowd: Crowd) -> Iterator[list[Part]]:
    yield from _clustered(crowd, ("trigger_time", "frame_reference_time"))
    yield from _ranked(crowd, ("trigger_time", "frame_reference_time"))


def _attempts_within(crowd: Crowd) -> Iterator[list[Part]]:
    yield from _telling(crowd, again=True)
    yield from _each(crowd, SCANS)
    yield from _by_time(crowd)


def _each(crowd: Crowd, names: Sequence[str], again: bool = False) -> Iterator[list[Part]]:
    """By one separator; with `again`, what it says of several frames of a place is taken apart by their numbers."""
    for name in names:
        values = values_of(crowd.frames, name)
        if None in values or (name == "gradient" and max(map(len, values)) == 1):
            continue
        codes = codes_of(values)
        if codes.max() == 0:
            continue
        repeats = repeats_of(crowd, codes) if again else np.zeros(len(codes), np.int64)
        together = codes * (int(repeats.max()) + 1) + repeats
        if not is_whole(crowd, together, strict=again) or (again and not is_ordered(crowd, codes, repeats)):
            continue
        parts = []
        for chosen in sets_of(together):
            part = _part(crowd, name, values, chosen)
            if repeats[codes == codes[chosen[0]]].any():
                part = replace(part, text=f"{part.text} #{repeats[chosen[0]] + 1}".strip(), by_order=True)
            parts.append(part)
        yield sorted(parts, key=lambda part: _sort_key(crowd, name, values, part))


def _families(
    crowd: Crowd,
    names: Sequence[str],
    attempts: Callable[[Crowd], Iterator[list[Part]]],
    forgiving: bool = False,
) -> Iterator[list[Part]]:
    """By two separators: the first makes families, each of which falls into phases by itself, or needs to no more.

    forgiving: one that does not stays as it is.
    """
    shown = len(np.unique(crowd.places))
    for name in names:
        values = values_of(crowd.frames, name)
        if None in values:
            continue
        codes = codes_of(values)
        if not 0 < codes.max() < MOST_FAMILIES:
            continue
        parts: list[Part] = []
        for family, chosen in enumerate(sets_of(codes)):
            part = crowd.part(chosen)
            told = _part(crowd, name, values, chosen)
            label = told.text or ("" if told.value is None else f"{told.value:g}")
            if part.is_single and not (forgiving and 2 * len(chosen) < shown):
                parts.append(Part(chosen, "", None, label, family))
                continue
            found = None if part.is_single else next(attempts(part), None)
            if found is None and forgiving and not part.is_single:
                found = [Part(np.arange(len(chosen)), "", None, "")]
            if found is None:
                break
            parts += [
                replace(one, frames=chosen[one.frames], text=f"{label} {one.text}".strip(), family=family)
                for one in found
            ]
        else:
            yield parts


def _ranked(crowd: Crowd, names: Sequence[str]) -> Iterator[list[Part]]:
    """By the i-th time of each place: heart rates differ from breath-hold to breath-hold.

    Only where times and instance numbers agree on the order; anything else is garbage.
    """
    for name in names:
        values = values_of(crowd.frames, name)
        if None in values:
            continue
        alone = np.zeros(len(values), np.int64)
        by_time = repeats_of(replace(crowd, ranks=np.array(values, float)), alone)
        times = {(place, value) for place, value in zip(crowd.places.tolist(), values, strict=True)}
        agree = crowd.is_numbered and np.array_equal(by_time, repeats_of(crowd, alone)) and is_level(crowd, alone)
        if len(times) == len(values) and agree and is_whole(crowd, by_time, strict=True) and is_alike(crowd, by_time):
            yield [_part(crowd, name, values, chosen) for chosen in sets_of(by_time)]


def _clustered(crowd: Crowd, names: Sequence[str]) -> Iterator[list[Part]]:
    """By times that differ from slice to slice, but more from phase to phase."""
    most = int(np.bincount(crowd.places).max())
    for name in names:
        values = values_of(crowd.frames, name)
        if None in values:
            continue
        times = np.array(values, float)
        known = np.unique(times)
        if len(known) <= most:
            continue
        cuts = np.sort(np.argsort(np.diff(known))[-(most - 1) :])
        firsts, lasts = known[np.concatenate([[0], cuts + 1])], known[np.concatenate([cuts, [-1]])]
        codes = np.searchsorted(firsts, times, "right") - 1
        if np.diff(known)[cuts].min() > APART * (lasts - firsts).max() and is_whole(crowd, codes, strict=True):
            yield [_part(crowd, name, values, chosen) for chosen in sets_of(codes)]


def _by_order(crowd: Crowd) -> Iterator[list[Part]]:
    """The i-th of each place by instance number, where nothing tells them apart."""
    alone = np.zeros(len(crowd.frames), np.int64)
    codes = repeats_of(crowd, alone)
    if is_whole(crowd, codes, strict=True) and is_ordered(crowd, alone, codes):
        yield [Part(chosen, "order", None, str(i + 1), by_order=True) for i, chosen in enumerate(sets_of(codes))]


def _by_time(crowd: Crowd) -> Iterator[list[Part]]:
    """As `_by_order`, by the times of images whose numbers say nothing: of scans without a pause in between."""
    alone = np.zeros(len(crowd.frames), np.int64)
    for name in ("acquired", "content"):
        values = values_of(crowd.frames, name)
        if None in values:
            continue
        timed = replace(crowd, ranks=np.array(values, float))
        codes = repeats_of(timed, alone)
        if is_whole(crowd, codes, strict=True) and is_ordered(timed, alone, codes):
            yield [replace(_part(crowd, name, values, chosen), by_order=True) for chosen in sets_of(codes)]


def _part(crowd: Crowd, name: str, values: Sequence[Any], chosen: Codes) -> Part:
    """A set with what its separator says of it; the median of times that differ from slice to slice."""
    own = [values[i] for i in chosen]
    if name == "gradient":
        return Part(chosen, "gradient", float(own[0][0]), " ".join(f"{x:.3g}" for x in own[0][1:]))
    if name == "echo":
        number, time = own[0]
        return Part(chosen, "echo", time, "" if time is not None else str(number))
    if name in ORDERS:
        return Part(chosen, "order", None, ORDERS[name](own[0]))
    if name in TIMES:
        moment = datetime.fromtimestamp(float(np.median(own)), UTC)
        return Part(chosen, "acquisition" if TIMES[name] == "acquired" else "order", None, f"{moment:%H:%M:%S}")
    if name in ("image_type", "made", "kernel"):
        return Part(chosen, "image_type" if name == "made" else name, None, str(own[0]))
    value = float(np.median(own))
    if name == "frame_reference_time" and value > 1e10:  # a date: tell the time since the first
        value -= min(values)
    return Part(chosen, name, value, "")


def _sort_key(crowd: Crowd, name: str, values: Sequence[Any], part: Part) -> tuple[Any, ...]:
    """By value, and what has none by instance number."""
    first = float(crowd.ranks[part.frames].min())
    if name in (*TIMES, "inversion_time", "flip_angle"):
        return values[part.frames[0]], first
    return part.value if part.value is not None else 0.0, first
