"""Whether an image has ever lost information, as its attributes or else its codestreams tell (PS3.3 C.7.6.1.1.5)."""

from __future__ import annotations

from itertools import zip_longest

from pydicom.dataset import Dataset

from storage.dicom.decoders.codestream import is_irreversible
from storage.dicom.elements import items_of, text_of, texts_of
from storage.dicom.parse import Parsed
from storage.dicom.pixels import Pixels

# JPEG baseline, extended and progressive (PS3.5 A.4.1). In the others the codestream says whether it lost something.
ALWAYS_LOSSY = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55)}
# LossyImageCompressionMethod's defined terms (PS3.3 C.7.6.1.1.5.1) as people call them.
METHODS = {
    "ISO_10918_1": "JPEG",
    "ISO_14495_1": "JPEG-LS",
    "ISO_15444_1": "JPEG 2000",
    "ISO_15444_15": "HTJ2K",
    "ISO_18181_1": "JPEG XL",
    "ISO_13818_2": "MPEG-2",
    "ISO_14496_10": "H.264",
    "ISO_23008_2": "H.265",
}
MAX_TEXT = 128
_DENIED = ("00", "0", "NO")
_NO_METHOD = ("", "NONE", "N/A", "NO")
_LOSSY_COMPRESSION = ("113040", "DCM")  # PS3.16 CID 7203, as a derivation


def read_loss(parsed: Parsed, pixels: Pixels | None) -> str:
    """Each ratio with its method, "2:1 JPEG-LS, 15:1 JPEG"; "lossy" where no more is known, "" for none.

    Whatever speaks of a loss counts, also where something else denies it: a loss that is not told does more harm.
    Only a method alone does not, against a plain "00": lossless codecs have a name too.
    """
    dataset = parsed.dataset
    ratios = [text for text in texts_of(dataset, "LossyImageCompressionRatio") if not _is_one(text)]
    methods = [text for text in texts_of(dataset, "LossyImageCompressionMethod") if text.upper() not in _NO_METHOD]
    said = text_of(dataset, "LossyImageCompression").upper()
    if ratios or (methods and said not in _DENIED):
        names = (METHODS.get(text, text) for text in methods)
        steps = zip_longest((_ratio(text) for text in ratios), names, fillvalue="")
        return ", ".join(" ".join(filter(None, step)) for step in steps)[:MAX_TEXT]
    told = said not in ("", *_DENIED) or _is_derived_lossily(dataset)
    return "lossy" if told or parsed.transfer_syntax_uid in ALWAYS_LOSSY or _has_lost(parsed, pixels) else ""


def _is_one(text: str) -> bool:
    """Whether a ratio says that nothing became smaller. One that is no number says that something was done."""
    try:
        return float(text or 0) <= 1
    except ValueError:
        return False


def _ratio(text: str) -> str:
    try:
        return f"{float(text):g}:1"
    except ValueError:
        return text


def _is_derived_lossily(dataset: Dataset) -> bool:
    derivations = items_of(dataset, "DerivationCodeSequence")
    return any(
        (text_of(d, "CodeValue"), text_of(d, "CodingSchemeDesignator")) == _LOSSY_COMPRESSION for d in derivations
    )


def _has_lost(parsed: Parsed, pixels: Pixels | None) -> bool:
    """Whether a frame's codestream says so itself, whatever the transfer syntax promises."""
    if pixels is None or pixels.fragments is None:
        return False
    pieces = (pixels.ranges(frame) for frame in range(pixels.frames))
    return any(
        is_irreversible(b"".join(parsed.body[start : start + length] for start, length in ranges)) for ranges in pieces
    )
