"""Second way of decoding: pydicom with the plugins it finds (gdcm, pylibjpeg). Slower, holds the GIL, reads more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from storage.dicom.pixels import Pixels


def decode_frame(data: bytes, pixels: Pixels, transfer_syntax_uid: str) -> NDArray[Any]:
    """Samples [rows, columns(, 3)] of one encapsulated frame, colours as they are stored."""
    description: Any = {
        "rows": pixels.rows,
        "columns": pixels.columns,
        "number_of_frames": 1,
        "samples_per_pixel": pixels.samples,
        "photometric_interpretation": pixels.photometric,
        "planar_configuration": int(pixels.planar),
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "pixel_representation": int(pixels.signed),
        "pixel_keyword": "PixelData",
    }
    decoder = get_decoder(UID(transfer_syntax_uid))
    try:
        array, _ = decoder.as_array(_encapsulated(data), index=0, raw=True, **description)
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of pylibjpeg's Rust, which is no Exception and would pass everybody
        raise RuntimeError(f"the decoder panicked: {error}") from error
    return np.asarray(array)


def _encapsulated(data: bytes) -> bytes:
    data += b"\0" * (len(data) % 2)
    item = b"\xfe\xff\x00\xe0"
    return item + bytes(4) + item + len(data).to_bytes(4, "little") + data + b"\xfe\xff\xdd\xe0" + bytes(4)
