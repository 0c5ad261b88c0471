"""What a page learns of a volume before it edits a curve, over a real socket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernels.presets import PRESETS
from renderd.protocol import Pick, Survey, VolumeView
from renderd.surveys import BINS
from tests.renderd.conftest import SHAPE, House, phantom
from tests.renderd.page import Page
from tests.renderd.shows import CURVE, VOLUME, show


async def surveyed(page: Page, view: VolumeView, viewport: int = 1) -> dict[str, Any]:
    await page.send(show(view=view))
    await page.send(Survey(viewport, 7, view))
    message: dict[str, Any] = await page.message("surveyed")
    assert (message["viewport"], message["n"]) == (viewport, 7)
    return message


async def test_the_values_of_a_volume_are_counted(house: House, page: Page) -> None:
    series = await house.add_ct()
    told = await surveyed(page, house.seen(VOLUME, series))
    values = phantom()
    assert (told["least"], told["greatest"]) == (values.min(), values.max())
    assert len(told["counts"]) == BINS and sum(told["counts"]) == np.prod(SHAPE)
    below = round((-500 - told["least"]) / (told["greatest"] - told["least"]) * BINS)  # between air and ball
    assert sum(told["counts"][:below]) == pytest.approx((values < -500).sum(), abs=2)
    assert (told["low"], told["high"]) == pytest.approx(np.percentile(values, (0.5, 99.5)), abs=2)


@pytest.mark.parametrize("preset", ["ct_bone", "ct_lung", "mr_brain", "pt_body"])
async def test_the_curve_of_a_preset_makes_the_preset_s_picture(house: House, page: Page, preset: str) -> None:
    series = await house.add_ct()
    view = house.seen(VOLUME, series, preset=preset)
    told = await surveyed(page, replace(view, curve=CURVE, shift=30.0))  # which change nothing of what a preset is
    await page.send(show(number=2, view=view))
    plain = await page.final(number=2)
    curve = tuple((value, colour, opacity) for value, colour, opacity in told["curve"])
    await page.send(show(number=3, view=replace(view, curve=curve)))
    assert (await page.final(number=3)).digest == plain.digest
    changed = (*curve[:-1], (curve[-1][0], "#00ff00", 0.9))
    more = tuple((value, colour, max(opacity, 0.2)) for value, colour, opacity in changed)
    await page.send(show(number=4, view=replace(view, curve=more)))
    assert (await page.final(number=4)).digest != plain.digest


async def test_a_relative_curve_is_told_in_the_volume_s_unit(house: House, page: Page) -> None:
    series = await house.add_ct()
    told = await surveyed(page, house.seen(VOLUME, series, preset="mr_default"))
    fractions = [value for value, _, _ in PRESETS["mr_default"].points]
    values = [value for value, _, _ in told["curve"]]
    assert values == pytest.approx([told["low"] + part * (told["high"] - told["low"]) for part in fractions])


async def test_what_may_not_be_seen_is_not_surveyed(house: House, page: Page) -> None:
    theirs = await house.add_ct(institution="There")
    for view in (house.seen(VOLUME, theirs), house.seen(VOLUME, theirs, preset="ct_gold")):
        told = await surveyed(page, view)
        assert (told["curve"], told["counts"], told["high"]) == ([], [], 0)


async def test_a_viewport_that_shows_nothing_is_surveyed_as_nothing(house: House, page: Page) -> None:
    series = await house.add_ct()
    told = await surveyed(page, house.seen(VOLUME, series), viewport=9)
    assert told["curve"] == []


async def test_a_pick_and_a_survey_of_the_same_viewport_are_both_answered(house: House, page: Page) -> None:
    series = await house.add_ct()
    view = house.seen(VOLUME, series)
    await page.send(show(view=view))
    await page.send(Pick(viewport=1, n=8, width=64, height=48, at=(32.0, 24.0), view=view))
    await page.send(Survey(1, 9, view))
    answered = {"picked", "surveyed"}
    for _ in range(2):
        answered.remove((await page.until(lambda got: isinstance(got, dict) and got["t"] in answered))["t"])
