"""First way of decoding: imagecodecs. It releases the GIL and is 2 to 15 times faster than the plugins."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from storage.dicom.decoders.codestream import Codestream


def decode_codestream(data: bytes, codestream: Codestream, to_rgb: bool) -> NDArray[Any]:
    """Samples of a JPEG family codestream; `to_rgb` undoes the YCbCr of baseline JPEG."""
    if codestream.kind == "jpeg_ls":
        return np.asarray(imagecodecs.jpegls_decode(data))
    if codestream.kind == "htj2k":
        return np.asarray(imagecodecs.htj2k_decode(data))
    if codestream.kind == "jpeg_2000":
        return np.asarray(imagecodecs.jpeg2k_decode(data, numthreads=1))
    if codestream.samples == 1 or codestream.kind == "jpeg_lossless":
        return np.asarray(imagecodecs.jpeg8_decode(data))
    # libjpeg guesses the colour space from markers that DICOM files seldom have: tell it.
    space = "YCBCR" if to_rgb else "RGB"
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace="RGB"))


def decode_rle(data: bytes, size: int, bits: int) -> NDArray[np.uint8]:
    """The bytes of an RLE frame (PS3.5 G), sample after sample, little-endian; fewer than `size` if it ends early."""
    out = bytearray(size)
    return np.frombuffer(imagecodecs.dicomrle_decode(data, f"u{-(-bits // 8)}", out=out), np.uint8)
