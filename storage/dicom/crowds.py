"""Frames of the same places, and whether a way to tell them apart makes sense of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from storage.dicom.sets import Array, Codes, Said, codes_of, sets_of, values_of

PICTURE = ("image_type", "made", "kernel", "kvp", "thickness")  # what does not change within a set
SETTINGS = (
    "echo",
    "b_value",
    "cardiac_percent",
    "respiratory_percent",
    "inversion_time",
    "flip_angle",
    "contrast",
)  # nor does this


@dataclass(frozen=True, slots=True)
class Crowd:
    """The frames to be split, by what separates them. places: a number for each; ranks: of their instance numbers."""

    frames: Sequence[Said]
    places: Codes
    ranks: Array

    @property
    def is_single(self) -> bool:
        return len(np.unique(self.places)) == len(self.places)

    @property
    def is_numbered(self) -> bool:
        """Whether all have numbers, and none is there twice at a place."""
        pairs = set(zip(self.places.tolist(), self.ranks.tolist(), strict=True))
        return bool(np.isfinite(self.ranks).all()) and len(pairs) == len(self.places)

    def part(self, chosen: Codes) -> Crowd:
        return Crowd([self.frames[i] for i in chosen], self.places[chosen], self.ranks[chosen])


def is_ordered(crowd: Crowd, codes: Codes, repeats: Codes) -> bool:
    """Whether the order of numbers can be believed where a code has a place several times.

    Every place of it equally often, no number twice at a place, numbered place after place or set after set, and then
    the places in one order in all sets: otherwise the first half of a set that was numbered from its other end would
    go with the second half of the other. Each set of one kind.
    """
    if not is_level(crowd, codes) or not is_alike(crowd, codes * (int(repeats.max()) + 1) + repeats):
        return False
    for chosen in sets_of(codes):
        if repeats[chosen].max() == 0:
            continue
        part, own = crowd.part(chosen), repeats[chosen]
        by_set = _are_apart(part.ranks, own) and _run_alike(part, own)
        if not part.is_numbered or not (by_set or _are_apart(part.ranks, part.places)):
            return False
    return True


def _are_apart(ranks: Array, codes: Codes) -> bool:
    """Whether all numbers of a code come before all of the next."""
    ends = sorted((float(ranks[own].min()), float(ranks[own].max())) for own in sets_of(codes))
    return all(a[1] < b[0] for a, b in pairwise(ends))


def _run_alike(crowd: Crowd, repeats: Codes) -> bool:
    """Whether the numbers lead through the places of each set in the same order."""
    ways = [crowd.places[own][np.lexsort((crowd.places[own], crowd.ranks[own]))] for own in sets_of(repeats)]
    return all(np.array_equal(way, ways[0]) for way in ways)


def is_level(crowd: Crowd, codes: Codes) -> bool:
    """Whether each code has all of its places equally often."""
    for chosen in sets_of(codes):
        counts = np.bincount(crowd.places[chosen])
        if len(np.unique(counts[counts > 0])) > 1:
            return False
    return True


def is_alike(crowd: Crowd, codes: Codes) -> bool:
    """Whether the images of each set are of one kind."""
    for name in (*PICTURE, *SETTINGS):
        values = codes_of(values_of(crowd.frames, name))
        if values.any() and any(len(np.unique(values[chosen])) > 1 for chosen in sets_of(codes)):
            return False
    return True


def is_whole(crowd: Crowd, codes: Codes, strict: bool = False) -> bool:
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


def repeats_of(crowd: Crowd, codes: Codes) -> Codes:
    """For each frame how many of its place and code come before it by number."""
    order = np.lexsort((crowd.ranks, codes, crowd.places))
    same = (np.diff(crowd.places[order]) == 0) & (np.diff(codes[order]) == 0)
    starts = np.concatenate([[True], ~same])
    index = np.arange(len(order))
    out = np.empty(len(order), np.int64)
    out[order] = index - np.maximum.accumulate(np.where(starts, index, 0))
    return out
