"""Texts of a dataset that declares no character set though its bytes are not ASCII.

pydicom reads what is declared, GB18030, GBK and the ISO 2022 escapes included, and puts a replacement character where
a declaration is wrong. Without a declaration the standard means ASCII; bytes above 127 then come from an old device
that writes its country's code, in China GBK, or from a new one that writes UTF-8.
"""

from __future__ import annotations

from pydicom.charset import convert_encodings
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

_TEXTS = [
    Tag(keyword)
    for keyword in (
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "AccessionNumber",
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "BodyPartExamined",
    )
]
_UTF_8, _GB18030 = "ISO_IR 192", "GB18030"


def decode_undeclared(dataset: Dataset) -> None:
    """Declare UTF-8 or GB18030 where nothing is declared and every text is valid in it; else change nothing."""
    if not dataset.get("SpecificCharacterSet"):
        texts = b"\n".join(
            element.value
            for element in (dataset.get_item(tag) for tag in _TEXTS)
            if isinstance(element, RawDataElement) and isinstance(element.value, bytes)
        )
        if not texts.isascii() and (declared := _guess(texts)):
            implicit, little_endian = dataset.original_encoding
            dataset.set_original_encoding(implicit, little_endian, convert_encodings(declared))


def _guess(texts: bytes) -> str | None:
    # Valid UTF-8 by chance is rare; GB18030 accepts much, so it comes second.
    for declared, codec in ((_UTF_8, "utf-8"), (_GB18030, "gb18030")):
        try:
            texts.decode(codec)
        except UnicodeDecodeError:
            continue
        return declared
    return None
