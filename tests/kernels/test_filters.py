from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kernels.errors import InvalidParameter
from kernels.filters import KINDS, Filter, apply
from kernels.picture_bilateral import bilateral
from kernels.picture_clahe import clahe
from kernels.picture_edge import edge
from kernels.picture_gamma import gamma
from kernels.picture_gaussian import gaussian
from kernels.picture_median import median
from kernels.picture_threshold import threshold
from kernels.picture_unsharp import unsharp
from tests.kernels.pictures import noise, torn

WINDOW = (40.0, 400.0)  # −160 … 240

CASES = [
    (Filter("gaussian", {"sigma_mm": 1.2}), lambda p: gaussian(p, 2.4)),
    (Filter("unsharp", {"sigma_mm": 1.2, "strength": 2}), lambda p: unsharp(p, 2.4, 2)),
    (Filter("median", {"radius": 2}), lambda p: median(p, 2)),
    (Filter("bilateral", {"sigma_mm": 0.6, "sigma_value": 90}), lambda p: bilateral(p, 1.2, 90)),
    (Filter("edge"), lambda p: edge(p, 0.5)),
    (Filter("clahe", {"limit": 4, "tiles": 3}), lambda p: clahe(p, -160, 240, 4, 3)),
    (Filter("gamma", {"power": 0.5}), lambda p: gamma(p, -160, 240, 0.5)),
    (Filter("threshold", {"low": -100, "high": 200}), lambda p: threshold(p, -100, 200)),
    (Filter("threshold_out", {"low": -100, "high": 200}), lambda p: threshold(p, -100, 200, "outside")),
]


def test_every_filter_is_tried_here():
    assert {chosen.name for chosen, _ in CASES} == set(KINDS)


@pytest.mark.parametrize("chosen, kernel", CASES, ids=lambda case: getattr(case, "name", ""))
def test_a_name_and_its_amounts_are_the_kernel_s(chosen, kernel):
    picture = torn((30, 45))
    values = apply(chosen, picture, 0.5, WINDOW)
    assert np.array_equal(values, kernel(picture))
    assert not np.array_equal(values, picture)


@pytest.mark.parametrize("name", KINDS)
def test_every_filter_has_amounts_that_it_takes_usually(name):
    chosen = Filter(name)
    assert dict(chosen.amounts) == {key: amount.usual for key, amount in KINDS[name].amounts.items()}
    assert apply(chosen, noise((20, 30)), 0.7, WINDOW).shape == (20, 30)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("end", ["least", "most"])
@pytest.mark.parametrize("pixel_mm", [1e-6, 0.7, 1e4])
def test_every_filter_takes_all_that_it_says_at_any_zoom(name, end, pixel_mm):
    amounts = {key: getattr(amount, end) for key, amount in KINDS[name].amounts.items() if key not in ("low", "high")}
    values = apply(Filter(name, amounts), noise((6, 20)), pixel_mm, WINDOW)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("window", [(0.0, 1e12), (1e12, 1e12), (1e9, 1e-6), (0.0, 0.0)])
def test_no_window_that_a_reader_may_choose_breaks_a_filter(name, window):
    assert np.isfinite(apply(Filter(name), noise((6, 20)), 0.7, window)).all()


def test_a_length_in_millimetres_is_the_same_at_every_zoom():
    """A disc of 20 mm, drawn at two sizes of a pixel: what is left at its border is the same."""
    profiles = []
    for pixel_mm in (0.5, 1.0):
        across = (np.arange(int(60 / pixel_mm)) + 0.5) * pixel_mm - 30
        disc = (np.hypot(across[:, None], across) < 20).astype(np.float32) * 1000
        blurred = apply(Filter("gaussian", {"sigma_mm": 3.0}), disc, pixel_mm, WINDOW)
        profiles.append(np.interp([0, 12, 18, 20, 22, 28], across, blurred[len(across) // 2]))
    assert np.abs(profiles[0] - profiles[1]).max() < 25
    assert 400 < profiles[0][3] < 500


@pytest.mark.parametrize("name", ["gaussian", "unsharp", "bilateral"])
def test_less_than_a_third_of_a_pixel_is_nothing_and_too_much_is_the_most(name):
    picture = noise((30, 40))
    assert apply(Filter(name, {"sigma_mm": 1.0}), picture, 3.01, WINDOW) is picture
    assert apply(Filter(name, {"sigma_mm": 1.0}), picture, 2.99, WINDOW) is not picture
    most = apply(Filter(name, {"sigma_mm": 10.0}), picture, 0.1, WINDOW)
    assert np.array_equal(apply(Filter(name, {"sigma_mm": 10.0}), picture, 0.05, WINDOW), most)


def test_a_filter_is_a_value():
    chosen = Filter("gaussian", {"sigma_mm": 2})
    assert chosen == Filter("gaussian", {"sigma_mm": 2.0}) != Filter("gaussian", {"sigma_mm": 3.0})
    assert len({chosen, Filter("gaussian", {"sigma_mm": 2.0})}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.name = "median"  # type: ignore[misc]
    with pytest.raises(TypeError):
        chosen.amounts["sigma_mm"] = 3  # type: ignore[index]


@pytest.mark.parametrize(
    "name, amounts, said",
    [
        ("blur", {}, "no filter is called blur"),
        ("gaussian", {"sigma": 1}, "has no sigma; it has sigma_mm"),
        ("gaussian", {"sigma_mm": 0}, "0.01 to 100"),
        ("gaussian", {"sigma_mm": float("nan")}, "0.01 to 100"),
        ("median", {"radius": 4}, "1 to 3"),
        ("median", {"radius": 1.5}, "whole number"),
        ("clahe", {"tiles": 8.5}, "whole number"),
        ("gamma", {"power": "two"}, "0.1 to 10"),
        ("threshold", {"low": 5, "high": 5}, "below its high"),
    ],
)
def test_what_no_filter_is_is_refused_with_a_sentence(name, amounts, said):
    with pytest.raises(InvalidParameter, match=said):
        Filter(name, amounts)


@pytest.mark.parametrize(
    "pixel_mm, window", [(0, WINDOW), (float("nan"), WINDOW), (1, (0, -1)), (1, (float("nan"), 1))]
)
def test_a_picture_without_a_pixel_size_or_window_is_refused(pixel_mm, window):
    with pytest.raises(InvalidParameter):
        apply(Filter("edge"), noise((5, 5)), pixel_mm, window)
