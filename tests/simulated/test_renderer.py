"""The renderer with a card: the same pictures as without, and nothing of a patient left in freed memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from renderd.assemble import Assembly
from renderd.protocol import View
from renderd.render import Renderer
from renderd.residence import Residence
from renderd.sources import VolumeSource
from renderd.viewer import Want
from storage.blobs import BlobStore
from storage.dicom.write import write_series
from storage.home import Home
from tests.kernels.standin import Card
from tests.renderd.conftest import AFFINE, phantom
from tests.renderd.shows import PLANE, PROJECTED, VOLUME
from tests.renderd.stacks import INSTITUTION, stack_of

VIEWS = [
    PLANE,
    replace(PLANE, thickness_mm=6.0, projection="mean", window=(0.0, 0.5)),
    VOLUME,
    replace(VOLUME, preset="mr_default"),
    replace(VOLUME, projection="max"),
    replace(PROJECTED, projection="mean", window=(0.0, 2000.0)),
]


@pytest.fixture
def source(tmp_path: Path) -> VolumeSource:
    home = Home(tmp_path / "home", tmp_path / "run")
    home.prepare()
    blobs = BlobStore(home.blobs)
    stack = stack_of(list(write_series(phantom(), AFFINE)), blobs)
    assembly = Assembly(home, blobs, INSTITUTION, stack)
    assembly.run()
    return VolumeSource(stack, assembly)


def picture(renderer: Renderer, view: View, source: VolumeSource) -> NDArray[np.uint8]:
    rendering = renderer.start(Want(1, 1, view, 15, 13, 1, True, 0), source)
    while not rendering.step():
        pass
    return rendering.raw


@pytest.mark.parametrize("view", VIEWS)
def test_pictures_of_the_card_are_those_of_the_cpu_and_lie_in_host_memory(source: VolumeSource, view: View) -> None:
    card = Card()
    with_card, without = Renderer(), Renderer()
    with_card.residence = Residence(card, 1 << 30)
    raw, truth = picture(with_card, view, source), picture(without, view, source)
    assert card.sent_bytes >= source.volume.array.nbytes
    assert type(raw) is np.ndarray
    assert truth.any()
    assert np.abs(raw.astype(int) - truth).max() <= 2


def test_all_that_was_made_of_a_volume_is_zero_when_it_is_freed(source: VolumeSource) -> None:
    card = Card()
    renderer = Renderer()
    renderer.residence = Residence(card, 1 << 30)
    for view in VIEWS:
        picture(renderer, view, source)
    for shift in range(6):  # more occupancies than are kept
        picture(renderer, replace(VOLUME, shift=float(shift)), source)
    renderer.residence.clear()
    assert source.volume.array.nbytes in card.freed_zero
    assert not card.freed_dirty


def test_a_full_card_paints_with_the_cpu(source: VolumeSource) -> None:
    card = Card()
    renderer = Renderer()
    renderer.residence = Residence(card, 100)
    assert picture(renderer, PLANE, source).any()
    assert card.sent_bytes == 0
