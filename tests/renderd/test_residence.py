"""Volumes on a card, shown with an array module that counts: see tests/kernels/standin.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from kernels.errors import InvalidPicture
from renderd.assemble import Assembly
from renderd.residence import Residence, bring, device_bytes, open_residence
from renderd.sources import VolumeSource
from storage.blobs import BlobStore
from storage.dicom.write import write_series
from storage.home import Home
from tests.kernels.standin import Card
from tests.renderd.conftest import AFFINE, phantom
from tests.renderd.stacks import stack_of

Make = Callable[..., Assembly]
OURS, THEIRS = 1, 2  # institutions


def nothing(resident: Any) -> None:
    """Paint nothing."""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    home = Home(tmp_path / "home", tmp_path / "run")
    home.prepare()
    blobs = BlobStore(home.blobs)

    def make(seed: int, institution: int = OURS) -> Assembly:
        stack = stack_of(list(write_series(phantom(seed), AFFINE, seed=seed)), blobs, institution)
        assembly = Assembly(home, blobs, institution, stack)
        assembly.run()
        return assembly

    return make


@pytest.fixture
def room(make: Make) -> int:
    """What one volume takes."""
    assembly = make(0)
    assert assembly.volume is not None
    return device_bytes(assembly.volume)


def test_a_volume_is_sent_once_and_is_the_same_there(make: Make, room: int) -> None:
    card = Card()
    residence = Residence(card, 10 * room)
    assembly = make(1)
    seen = []
    for _ in range(3):
        assert residence.draw(assembly, lambda resident: seen.append(resident.volume.array))
    assert assembly.volume is not None
    assert card.sent_bytes == assembly.volume.array.nbytes
    assert all(array is seen[0] for array in seen)
    assert np.array_equal(seen[0].get(), assembly.volume.array)


def test_what_was_used_longest_ago_goes_first_and_the_budget_holds(make: Make, room: int) -> None:
    card = Card()
    residence = Residence(card, 3 * room)
    first, *others = assemblies = [make(seed) for seed in range(1, 6)]
    for assembly in (*assemblies[:3], first, *assemblies[3:]):
        assert residence.draw(assembly, nothing)
        assert residence.size_bytes <= residence.budget_bytes
        assert card.used_bytes <= residence.budget_bytes
    sent = card.sent_bytes
    residence.draw(first, nothing)
    assert card.sent_bytes == sent, "it was used in between, and stayed"
    residence.draw(others[0], nothing)
    assert card.sent_bytes > sent, "it had to go"
    assert len(residence) == 3


def test_freed_memory_is_overwritten_with_zeros_before_another_institution_can_get_it(make: Make, room: int) -> None:
    card = Card()
    residence = Residence(card, room)
    ours, theirs = make(1, OURS), make(1, THEIRS)
    assert ours.volume is not None and theirs.volume is not None
    size = ours.volume.array.nbytes
    for assembly in (ours, theirs, ours):
        assert residence.draw(assembly, nothing)
    assert card.freed_zero == [size, size]
    assert not card.freed_dirty
    residence.clear()
    assert not np.any(card.empty(ours.volume.array.shape, np.int16).get()), "what the pool hands out"


def test_sending_leaves_no_copy_in_pinned_memory(make: Make, room: int) -> None:
    card = Card()
    residence = Residence(card, 10 * room)
    assembly = make(1)
    assert residence.draw(assembly, nothing)
    assert assembly.volume is not None and card.sent_bytes == assembly.volume.array.nbytes
    assert assembly.volume.array.nbytes not in card.pinned
    card.asarray(assembly.volume.array)
    assert assembly.volume.array.nbytes in card.pinned, "the card of these tests would show it"


def test_the_card_of_these_tests_would_show_memory_that_was_not_overwritten() -> None:
    card = Card()
    array = card.asarray(np.full(100, 7, np.int16))
    del array
    assert card.freed_dirty == [200]
    assert card.empty((100,), np.int16).get().tolist() == [7] * 100


def test_two_institutions_with_the_same_images_never_share_a_copy(make: Make, room: int) -> None:
    residence = Residence(Card(), 10 * room)
    ours, theirs = make(1, OURS), make(1, THEIRS)
    assert ours.stack.digest == theirs.stack.digest
    seen: list[Any] = []
    for assembly in (ours, theirs):
        residence.draw(assembly, lambda resident: seen.append(resident.volume.array))
    assert not np.shares_memory(*seen)
    assert len(residence) == 2


def test_a_volume_that_a_picture_is_made_from_stays_and_others_are_painted_without_the_card(
    make: Make, room: int
) -> None:
    card = Card()
    residence = Residence(card, room)
    held, other = make(1), make(2)
    source = VolumeSource(held.stack, held)
    assert residence.draw(held, nothing)
    assert not residence.draw(other, nothing)
    assert not card.freed_zero
    del source
    assert residence.draw(other, nothing)
    assert len(card.freed_zero) == 1


def test_a_volume_larger_than_the_budget_sends_nobody_away(make: Make, room: int) -> None:
    residence = Residence(Card(), room)
    small = make(1)
    residence.draw(small, nothing)
    large = make(2)
    residence.budget_bytes = room - 1
    assert not residence.draw(large, nothing)
    assert len(residence) == 1


def test_what_the_machine_no_longer_holds_leaves_the_card(make: Make, room: int) -> None:
    card = Card()
    residence = Residence(card, 10 * room)
    gone = make(1)
    residence.draw(gone, nothing)
    del gone
    residence.draw(make(2), nothing)
    assert len(residence) == 1
    assert len(card.freed_zero) == 1 and not card.freed_dirty


def test_a_full_card_is_no_error(make: Make, room: int) -> None:
    residence = Residence(Card(capacity_bytes=100), 10 * room)
    assert not residence.draw(make(1), nothing)


def test_after_a_fault_the_card_is_given_up_with_one_line(make: Make, room: int) -> None:
    card = Card()
    residence = Residence(card, 10 * room)
    assembly = make(1)

    def fault(resident: Any) -> None:
        raise RuntimeError("cudaErrorIllegalAddress")

    with capture_logs() as logs:
        assert not residence.draw(assembly, fault)
        assert not residence.draw(assembly, nothing)
    assert [line["event"] for line in logs] == ["gpu_given_up"]
    assert len(residence) == 0 and not card.freed_dirty


def test_a_picture_that_cannot_be_is_refused_and_the_card_is_kept(make: Make, room: int) -> None:
    residence = Residence(Card(), 10 * room)
    assembly = make(1)

    def impossible(resident: Any) -> None:
        raise InvalidPicture("no plane")

    with pytest.raises(InvalidPicture):
        residence.draw(assembly, impossible)
    assert residence.draw(assembly, nothing)


def test_a_picture_that_was_brought_leaves_zeros() -> None:
    card = Card()
    array = card.asarray(np.full((3, 5), 200, np.uint8))
    out = np.empty((3, 5), np.uint8)
    bring(array, out)
    del array
    assert (out == 200).all()
    assert card.freed_zero == [15] and not card.freed_dirty


def test_without_cupy_or_when_switched_off_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    for setting in ("off", "auto"):
        with capture_logs() as logs:
            assert open_residence(setting) is None
        assert [(line["event"], line["used"]) for line in logs] == [("gpu", False)]


def test_without_a_driver_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cupy:
        class cuda:  # noqa: N801 - cupy's own name
            class runtime:  # noqa: N801
                @staticmethod
                def getDeviceCount() -> int:
                    raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setitem(sys.modules, "cupy", Cupy)
    with capture_logs() as logs:
        assert open_residence("auto") is None
    assert "insufficient" in logs[0]["reason"]
