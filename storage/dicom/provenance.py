"""Where derived images come from, in DICOM's words: how they were made, of which images, by which machine."""

from __future__ import annotations

from collections.abc import Sequence

from storage.dicom.carried import MACHINE, Source
from storage.dicom.elements import text_of
from storage.dicom.encoded import Elements, element_of, framed, items, tag_of
from storage.dicom.sources import FrameSource

Code = tuple[str, str]  # of DICOM's own scheme DCM: its value and its meaning

# PS3.16 CID 7203, and what a slab is called in a sentence.
MPR = ("113072", "Multiplanar reformatting")
PROJECTIONS = {
    "max": (("113078", "Maximum intensity projection"), "maximum"),
    "min": (("113079", "Minimum intensity projection"), "minimum"),
    "mean": (("113049", "Pixel by pixel mean"), "mean"),
}
ACQUISITION_EQUIPMENT = ("109101", "Acquisition Equipment")  # CID 7005
MOST_SOURCES = 64
MAX_NUMBERS = 60_000  # bytes of frame numbers; an IS has fewer than 65535


def derivation_codes(projection: str | None) -> bytes:
    """DerivationCodeSequence of a plane, or of a slab that shows a projection."""
    codes = [MPR, *([PROJECTIONS[projection][0]] if projection else [])]
    return items("DerivationCodeSequence", [_code(code) for code in codes])


def source_images(used: Sequence[FrameSource]) -> bytes:
    """SourceImageSequence: an item for each instance, with the numbers of its frames where it has several.

    Of more than MOST_SOURCES every so many, the first and the last among them: whoever reads an image reads its items
    too, and several hundred of them take longer than its pixels.
    """
    frames: dict[str, list[FrameSource]] = {}
    for frame in used:
        frames.setdefault(frame.sop_instance_uid, []).append(frame)
    references = []
    named = list(frames.items())
    step = max(1, -(-(len(named) - 1) // (MOST_SOURCES - 1)))
    for uid, own in [*named[:-1:step], *named[-1:]]:
        data = framed(tag_of("ReferencedSOPClassUID"), "UI", own[0].header.sop_class_uid.encode())
        data += framed(tag_of("ReferencedSOPInstanceUID"), "UI", uid.encode())
        numbers = "\\".join(map(str, sorted({frame.frame + 1 for frame in own}))).encode()
        if own[0].header.frames > 1 and len(numbers) <= MAX_NUMBERS:
            data += framed(tag_of("ReferencedFrameNumber"), "IS", numbers)
        references.append(data)
    return items("SourceImageSequence", references)


def put_machine(elements: Elements, source: Source) -> None:
    """ContributingEquipmentSequence: the machine that acquired the images, where its maker is known."""
    if not text_of(source.dataset, "Manufacturer"):
        return
    parts = {tag_of("PurposeOfReferenceCodeSequence"): _purpose(ACQUISITION_EQUIPMENT)}
    for keyword in MACHINE:
        if found := element_of(source.dataset, tag_of(keyword)):
            parts[tag_of(keyword)] = found[0]
            elements.is_ascii &= found[1]
    machine = b"".join(parts[tag] for tag in sorted(parts))
    elements.encoded[tag_of("ContributingEquipmentSequence")] = items("ContributingEquipmentSequence", [machine])


def _purpose(code: Code) -> bytes:
    return items("PurposeOfReferenceCodeSequence", [_code(code)])


def _code(code: Code) -> bytes:
    value, meaning = code
    return (
        framed(tag_of("CodeValue"), "SH", value.encode())
        + framed(tag_of("CodingSchemeDesignator"), "SH", b"DCM")
        + framed(tag_of("CodeMeaning"), "LO", meaning.encode())
    )
