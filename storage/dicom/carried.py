"""What a derived image takes over from the images it is made of: who and which examination, byte for byte, and of the
acquisition what is as true of the new image as of the old ones.

A list of what is true, not of what is false: whatever nobody has thought of stays behind, and so does everything
private. What depends on the direction of the old planes (PatientOrientation, GantryDetectorTilt), on one slice (tube
current, dose) or on stored instead of modality values (real world values, VOI LUTs) is not on it. Of the images, all of
which are asked, only that is taken over which they all say alike; what one of them warns of is said of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from storage.dicom.elements import items_of, text_of, value_of
from storage.dicom.encoded import Elements, element_of, tag_of

# Patient and Patient Study; Clinical Trial, and whether the patient's identity was removed.
GROUPS = (0x0010, 0x0012)
STUDY = (
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "StudyInstanceUID",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "ReferringPhysicianName",
    "ReferringPhysicianIdentificationSequence",
    "PhysiciansOfRecord",
    "StudyDescription",
    "ProcedureCodeSequence",
    "ReferencedStudySequence",
    "AdmittingDiagnosesDescription",
    "AdmissionID",
    "InstitutionName",
    "LongitudinalTemporalInformationModified",
)
SERIES = (
    "BodyPartExamined",
    "AnatomicRegionSequence",
    "PatientPosition",
    "Laterality",
    "ProtocolName",
    "RequestAttributesSequence",
    "PositionReferenceIndicator",
)
IMAGE = (
    "AcquisitionNumber",
    "AcquisitionDate",
    "AcquisitionTime",
    "ImageLaterality",
    "BurnedInAnnotation",
    "RecognizableVisualFeatures",
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusRoute",
    "ContrastBolusAdministrationRouteSequence",
    "ContrastBolusVolume",
    "ContrastBolusTotalDose",
    "ContrastBolusIngredient",
)
CT = ("KVP", "ConvolutionKernel", "ScanOptions", "DataCollectionDiameter", "RevolutionTime", "SpiralPitchFactor")
MR = (
    "ScanningSequence",
    "SequenceVariant",
    "ScanOptions",
    "MRAcquisitionType",
    "SequenceName",
    "AngioFlag",
    "RepetitionTime",
    "EchoTime",
    "EchoNumbers",
    "EchoTrainLength",
    "InversionTime",
    "TriggerTime",
    "FlipAngle",
    "NumberOfAverages",
    "ImagingFrequency",
    "ImagedNucleus",
    "MagneticFieldStrength",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "ReceiveCoilName",
)
# Of a PET the time of its series is what values are corrected to.
PET_SERIES = (
    "SeriesDate",
    "SeriesTime",
    "Units",
    "SUVType",
    "CountsSource",
    "CorrectedImage",
    "DecayCorrection",
    "CollimatorType",
    "RandomsCorrectionMethod",
    "AttenuationCorrectionMethod",
    "ScatterCorrectionMethod",
    "ReconstructionMethod",
    "RadiopharmaceuticalInformationSequence",
    "EnergyWindowRangeSequence",
    "PatientOrientationCodeSequence",
    "PatientGantryRelationshipCodeSequence",
)
# Whether a person can be recognized: what one image warns of, the new ones may show.
WARNINGS = ("BurnedInAnnotation", "RecognizableVisualFeatures")
# Belong together, so all come from one image: the one that was acquired first.
PET_IMAGE = (
    "AcquisitionDate",
    "AcquisitionTime",
    "FrameReferenceTime",
    "ActualFrameDuration",
    "DecayFactor",
    "DoseCalibrationFactor",
)
# Ratios differ from image to image; that something was lost must not depend on it.
LOSS = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
ACQUISITION = {"CT": CT, "MR": MR, "PT": ()}
# Of the machine that acquired, in an item of its own (PS3.3 C.7.5.1: the new images' machine is another one).
MACHINE = (
    "Manufacturer",
    "InstitutionName",
    "StationName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
)


GROUPS_OF_FRAMES = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_ASKED = {tag_of(keyword) for keyword in (*SERIES, *IMAGE, *CT, *MR, *LOSS, *GROUPS_OF_FRAMES, *WARNINGS)}


@dataclass(frozen=True, slots=True)
class Source:
    """One of the images: its dataset, whose values nobody has looked at, and which of its frames it is."""

    dataset: Dataset
    frame: int = 0


def carry(elements: Elements, sources: Sequence[Source], modality: str) -> None:
    """Put what the images say into `elements`. The first of them is the one that was acquired first."""
    first = sources[0].dataset
    # Iterating over a dataset itself would read every value.
    for tag in [int(tag) for tag in first.keys() if tag.group in GROUPS and tag.element]:  # noqa: SIM118
        elements.carry(first, tag)
    for keyword in (*STUDY, *(PET_SERIES if modality == "PT" else ())):
        elements.carry(first, tag_of(keyword))
    for keyword in (*SERIES, *IMAGE, *ACQUISITION[modality]):
        _carry_common(elements, sources, tag_of(keyword))
    _put_side(elements, sources)
    for keyword in PET_IMAGE if modality == "PT" else ():
        elements.carry(first, tag_of(keyword))
    for source in reversed(sources):  # what the first one says counts
        for keyword in LOSS:
            elements.carry(source.dataset, tag_of(keyword))
    for keyword in WARNINGS:
        if any(text_of(source.dataset, keyword).upper() == "YES" for source in sources):
            elements.put(keyword, "YES")


def stripped(dataset: Dataset) -> Dataset:
    """The same dataset without what nobody asks of an image but the first: of hundreds, little stays in memory."""
    for tag in [tag for tag in dataset.keys() if int(tag) not in _ASKED]:  # noqa: SIM118
        del dataset[tag]
    return dataset


def _carry_common(elements: Elements, sources: Sequence[Source], tag: int) -> None:
    found: set[tuple[bytes, bool] | None] = set()
    for source in sources:
        found.add(element_of(_place_of(source, tag), tag))
        if len(found) > 1:
            return
    if (common := found.pop()) is not None:
        elements.encoded[tag] = common[0]
        elements.is_ascii &= common[1]


def _put_side(elements: Elements, sources: Sequence[Source]) -> None:
    """Laterality: of enhanced images that which all frames have. An empty one says nothing."""
    tag = tag_of("FrameLaterality")
    if {text_of(source.dataset, "Laterality") for source in sources} == {""}:
        elements.encoded.pop(tag_of("Laterality"), None)
        sides = {text_of(_place_of(source, tag), "FrameLaterality").upper() for source in sources}
        side = sides.pop() if len(sides) == 1 else ""
        if side in ("R", "L"):
            elements.put("Laterality", side)
        elif side in ("U", "B") and "ImageLaterality" not in elements:
            elements.put("ImageLaterality", side)  # which Laterality has no word for


def _place_of(source: Source, tag: int) -> Dataset:
    """The dataset, or the item of its functional groups, that says something under this tag."""
    if tag in source.dataset:
        return source.dataset
    return next((place for place in _places(source) if tag in place), source.dataset)


def _places(source: Source) -> Iterator[Dataset]:
    shared, own = (value_of(source.dataset, keyword) or () for keyword in GROUPS_OF_FRAMES)
    for groups in (*own[source.frame : source.frame + 1], *shared[:1]):
        for tag in [tag for tag in groups.keys() if not tag.is_private]:  # noqa: SIM118
            yield from (items_of(groups, int(tag)) if groups[tag].VR == "SQ" else [])[:1]
