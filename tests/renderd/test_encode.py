from __future__ import annotations

import hashlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderd import encode
from renderd.protocol import Codec


@given(shape=st.tuples(st.integers(1, 40), st.integers(1, 40)), colour=st.booleans(), seed=st.integers(0, 1000))
def test_a_lossless_picture_decodes_to_exactly_the_hashed_pixels(
    shape: tuple[int, int], colour: bool, seed: int
) -> None:
    raw = np.random.default_rng(seed).integers(0, 256, (*shape, 3) if colour else shape).astype(np.uint8)
    encoded = encode.lossless(raw)
    decoded = imagecodecs.png_decode(encoded.data)
    assert encoded.codec == Codec.PNG
    assert np.array_equal(decoded.reshape(raw.shape), raw)
    assert encoded.digest == hashlib.sha256(decoded.tobytes()).digest()


@pytest.mark.parametrize("subsampled", [True, False])
def test_a_lossy_picture_is_close_and_has_no_digest(subsampled: bool) -> None:
    y, x = np.mgrid[0:64, 0:96]
    raw = np.stack([x * 2, y * 3, 255 - x], axis=-1).astype(np.uint8)
    encoded = encode.lossy(raw, 90, subsampled=subsampled)
    decoded = imagecodecs.jpeg8_decode(encoded.data).astype(int)
    assert encoded.codec == Codec.JPEG and encoded.digest == b""
    assert np.sqrt(np.mean((decoded - raw) ** 2)) < 4


def test_colour_codes_keep_their_edges() -> None:
    raw = np.zeros((64, 64, 3), np.uint8)
    raw[:, 1::2] = (255, 0, 0)
    raw[:, 0::2] = (0, 0, 255)
    full = imagecodecs.jpeg8_decode(encode.lossy(raw, 90, subsampled=False).data).astype(int)
    half = imagecodecs.jpeg8_decode(encode.lossy(raw, 90, subsampled=True).data).astype(int)
    assert np.abs(full - raw).mean() < 20 < np.abs(half - raw).mean()


def test_grey_pictures_have_one_channel() -> None:
    raw = np.tile(np.arange(64, dtype=np.uint8), (32, 1))
    decoded = imagecodecs.jpeg8_decode(encode.lossy(raw, 90, subsampled=True).data)
    assert decoded.shape == (32, 64) and np.abs(decoded.astype(int) - raw).max() < 8
