from __future__ import annotations

import sys

import numpy as np
import pytest

from kernels.arrays import module_of, on_device, to_host
from kernels.errors import InvalidParameter, InvalidVolume, NoBackend
from kernels.picture import output
from kernels.volume import Volume
from tests.kernels.standin import Array, Card


def test_the_array_is_the_backend():
    card = Card()
    here, there = np.zeros(3), card.asarray(np.zeros(3))
    assert (on_device(here), on_device(there)) == (False, True)
    assert module_of(here) is np
    assert module_of(there) is card
    assert to_host(here) is here
    assert type(to_host(there)) is np.ndarray


@pytest.mark.parametrize("array", [[1, 2], memoryview(b"12"), None])
def test_any_other_kind_of_array_is_refused(array):
    with pytest.raises(NoBackend):
        on_device(array)
    with pytest.raises(NoBackend):
        Volume(array, np.eye(4))


def test_a_volume_on_a_card_keeps_the_rules_of_any_volume():
    card = Card()
    volume = Volume(card.asarray(np.zeros((3, 4, 5), np.int16)), np.eye(4))
    assert isinstance(volume.voxels, Array) and volume.voxels.shape == (60,)
    with pytest.raises(InvalidVolume):
        Volume(card.asarray(np.zeros((3, 4, 5), np.uint8)), np.eye(4))


def test_out_lies_in_the_memory_where_the_voxels_lie():
    card = Card()
    source = card.asarray(np.zeros(3))
    assert isinstance(output(None, (2, 3), np.float32, source), Array)
    for out, where in ((np.zeros((2, 3), np.float32), source), (card.empty((2, 3), np.float32), np.zeros(3))):
        with pytest.raises(InvalidParameter):
            output(out, (2, 3), np.float32, where)


def test_the_real_cupy_s_arrays_name_their_module():
    """`module_of` finds it by the name; importing it needs no card."""
    cupy = pytest.importorskip("cupy", reason="needs cupy: `pip install '.[gpu]'`")
    assert sys.modules[cupy.ndarray.__module__.partition(".")[0]] is cupy
    assert hasattr(cupy.ndarray, "__cuda_array_interface__") and hasattr(cupy.ndarray, "get")
