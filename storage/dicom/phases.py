"""Frames that share their places, told apart: one set of slices for each time, echo, weighting or reconstruction.

A separator is believed only where it makes whole sets: no place twice in one, and hardly a set with less than half of
the places. Garbage (trigger times that differ from slice to slice, say) makes sets of single slices and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.dicom.sources import FrameSource

SAME_PLACE_MM = 0.01
MIN_PLACES = 3  # with fewer there is no Volume to be had, and a cine of one slice stays one Stack
MOST_FAMILIES = 8

Codes = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Phase:
    """Which of several Stacks of the same places this is; see api.messages.Phase."""

    group: str
    number: int
    count: int
    kind: str
    value: float | None
    text: str


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


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The frames to be split, by what separates them. places: a number for each; ranks: of their instance numbers."""

    frames: Sequence[dict[str, Any]]
    places: Codes
    ranks: Array

    @property
    def is_single(self) -> bool:
        return len(np.unique(self.places)) == len(self.places)

    def part(self, chosen: Codes) -> _Crowd:
        return _Crowd([self.frames[i] for i in chosen], self.places[chosen], self.ranks[chosen])


def split(frames: Sequence[FrameSource], distances: Array, ranks: Array) -> list[Part] | None:
    """The sets into which parallel frames fall, or None when they stay together.

    distances: along the normal, mm. ranks: of their numbers, NaN where unknown.
    """
    places = place_codes(distances)
    count = int(places.max()) + 1
    if count == len(places) or count < MIN_PLACES:
        return None
    crowd = _Crowd([frame.separators for frame in frames], places, np.where(np.isnan(ranks), np.inf, ranks))
    return next(_attempts(crowd), None)


def place_codes(distances: Array) -> Codes:
    """A number for each place: distances closer than a hundredth of a millimetre, or 5 % of the step, are one place."""
    order = np.argsort(distances, kind="stable")
    gaps = np.diff(distances[order])
    steps = gaps[gaps > SAME_PLACE_MM]
    apart = gaps > (max(SAME_PLACE_MM, 0.05 * float(np.median(steps))) if steps.size else SAME_PLACE_MM)
    codes = np.empty(len(distances), np.int64)
    codes[order] = np.concatenate([[0], np.cumsum(apart)])
    return codes


def _attempts(crowd: _Crowd) -> Iterator[list[Part]]:
    """Every way to split, the most telling first."""
    yield from _telling(crowd)
    yield from _families(crowd, ("image_type", "kernel"), lambda part: _telling(part, again=True))
    yield from _each(crowd, ("gradient", "b_value"), again=True)
    yield from _ranked(crowd, ("trigger_time", "frame_reference_time"))
    yield from _each(crowd, ("acquisition", "acquired", "dimensions"))
    yield from _families(crowd, ("echo", "temporal_position", "b_value", "acquisition"), _attempts_within)
    yield from _each(crowd, ("echo", "temporal_position", "image_type", "kernel"), again=True)
    yield from _ranked(crowd, ("acquired",))
    yield from _by_order(crowd)


def _telling(crowd: _Crowd, again: bool = False) -> Iterator[list[Part]]:
    names = ("temporal_position", "trigger_time", "frame_reference_time", "b_value", "gradient", "echo")
    yield from _each(crowd, (*names, "image_type", "kernel"))
    if again:
        yield from _each(crowd, ("gradient", "b_value"), again=True)
        yield from _ranked(crowd, ("trigger_time", "frame_reference_time"))


def _attempts_within(crowd: _Crowd) -> Iterator[list[Part]]:
    yield from _telling(crowd, again=True)
    yield from _each(crowd, ("acquisition", "acquired", "dimensions"))


def _each(crowd: _Crowd, names: Sequence[str], again: bool = False) -> Iterator[list[Part]]:
    """By one separator; with `again`, what it says of several frames of a place is taken apart by their numbers."""
    for name in names:
        values = [_value_of(frame, name) for frame in crowd.frames]
        if None in values or (name == "gradient" and max(map(len, values)) == 1):
            continue
        codes = _codes(values)
        if codes.max() == 0:
            continue
        repeats = _repeats(crowd, codes) if again else np.zeros(len(codes), np.int64)
        together = codes * (int(repeats.max()) + 1) + repeats
        if _is_whole(crowd, together, strict=again):
            parts = [_part(crowd, name, values, chosen) for chosen in _sets(together)]
            if again:
                parts = [
                    replace(part, text=f"{part.text} #{repeats[part.frames[0]] + 1}".strip())
                    if repeats[codes == codes[part.frames[0]]].max() > 0
                    else part
                    for part in parts
                ]
            yield sorted(parts, key=lambda part: _sort_key(crowd, name, values, part))


def _families(
    crowd: _Crowd, names: Sequence[str], attempts: Callable[[_Crowd], Iterator[list[Part]]]
) -> Iterator[list[Part]]:
    """By two separators: the first makes families, each of which falls into phases by itself, or needs to no more."""
    for name in names:
        values = [_value_of(frame, name) for frame in crowd.frames]
        if None in values:
            continue
        codes = _codes(values)
        if not 0 < codes.max() < MOST_FAMILIES:
            continue
        parts: list[Part] = []
        for family, chosen in enumerate(_sets(codes)):
            part = crowd.part(chosen)
            told = _part(crowd, name, values, chosen)
            label = told.text or ("" if told.value is None else f"{told.value:g}")
            if part.is_single:
                parts.append(Part(chosen, "", None, label, family))
                continue
            found = next(attempts(part), None)
            if found is None:
                break
            parts += [
                replace(one, frames=chosen[one.frames], text=f"{label} {one.text}".strip(), family=family)
                for one in found
            ]
        else:
            yield parts


def _ranked(crowd: _Crowd, names: Sequence[str]) -> Iterator[list[Part]]:
    """By the i-th time of each place: heart rates differ from breath-hold to breath-hold.

    Only where times and instance numbers agree on the order; anything else is garbage.
    """
    for name in names:
        values = [_value_of(frame, name) for frame in crowd.frames]
        if None in values:
            continue
        by_time = _repeats(replace(crowd, ranks=np.array(values, float)), np.zeros(len(values), np.int64))
        times = {(place, value) for place, value in zip(crowd.places.tolist(), values, strict=True)}
        agree = np.array_equal(by_time, _repeats(crowd, np.zeros(len(values), np.int64)))
        if len(times) == len(values) and agree and _is_whole(crowd, by_time, strict=True):
            yield [_part(crowd, name, values, chosen) for chosen in _sets(by_time)]


def _by_order(crowd: _Crowd) -> Iterator[list[Part]]:
    """The i-th of each place by instance number, where nothing tells them apart."""
    codes = _repeats(crowd, np.zeros(len(crowd.frames), np.int64))
    if np.isfinite(crowd.ranks).all() and _is_whole(crowd, codes, strict=True):
        yield [Part(chosen, "order", None, str(i + 1)) for i, chosen in enumerate(_sets(codes))]


def _is_whole(crowd: _Crowd, codes: Codes, strict: bool = False) -> bool:
    """Whether these are two or more sets without a place twice, and (hardly) one with less than half of the places."""
    sizes = np.bincount(codes)
    sizes = sizes[sizes > 0]
    if len(sizes) < 2:
        return False
    count = int(crowd.places.max()) + 1
    if len(np.unique(codes * count + crowd.places)) < len(codes):
        return False
    small = int((sizes * 2 < len(np.unique(crowd.places))).sum())
    # The last time of a scan that was stopped has few slices.
    return small <= (0 if strict else max(1, len(sizes) // 10)) and small < len(sizes)


def _repeats(crowd: _Crowd, codes: Codes) -> Codes:
    """For each frame how many of its place and code come before it by number."""
    order = np.lexsort((crowd.ranks, codes, crowd.places))
    same = (np.diff(crowd.places[order]) == 0) & (np.diff(codes[order]) == 0)
    starts = np.concatenate([[True], ~same])
    index = np.arange(len(order))
    out = np.empty(len(order), np.int64)
    out[order] = index - np.maximum.accumulate(np.where(starts, index, 0))
    return out


def _codes(values: Sequence[Any]) -> Codes:
    """A number for each different value, in the order in which they come."""
    known: dict[Any, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def _sets(codes: Codes) -> list[Codes]:
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]


def _value_of(said: dict[str, Any], name: str) -> Any:
    """What a separator says of a frame, hashable; None where it says nothing."""
    if name == "gradient":
        b_value = said.get("b_value")
        return None if b_value is None else (b_value, *said.get("gradient", ()))
    if name == "echo":
        echo = said.get("echo"), said.get("echo_time")
        return None if echo == (None, None) else echo
    value = said.get(name)
    return tuple(value) if isinstance(value, list) else value


def _part(crowd: _Crowd, name: str, values: Sequence[Any], chosen: Codes) -> Part:
    """A set with what its separator says of it; the median of times that differ from slice to slice."""
    own = [values[i] for i in chosen]
    if name == "gradient":
        return Part(chosen, "gradient", float(own[0][0]), " ".join(f"{x:.3g}" for x in own[0][1:]))
    if name == "echo":
        number, time = own[0]
        return Part(chosen, "echo", time, "" if time is not None else str(number))
    if name == "acquired":
        moment = datetime.fromtimestamp(float(np.median(own)), UTC)
        return Part(chosen, "acquisition", None, f"{moment:%H:%M:%S}")
    if name == "dimensions":
        return Part(chosen, "order", None, " ".join(map(str, own[0])))
    if name in ("image_type", "kernel"):
        return Part(chosen, name, None, str(own[0]))
    value = float(np.median(own))
    if name == "frame_reference_time" and value > 1e10:  # a date: tell the time since the first
        value -= min(values)
    return Part(chosen, name, value, "")


def _sort_key(crowd: _Crowd, name: str, values: Sequence[Any], part: Part) -> tuple[Any, ...]:
    """By value, and what has none by instance number."""
    first = float(crowd.ranks[part.frames].min())
    if name == "acquired":
        return values[part.frames[0]], first
    return part.value if part.value is not None else 0.0, first
