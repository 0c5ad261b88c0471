"""One frame of a Stack: where its bytes are, where it stands in the patient, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.dicom.decode import is_int16
from storage.dicom.header import Header
from storage.dicom.rescale import is_unknown, kind_of

Vector3 = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class FrameSource:
    """One stored frame, or one tile of a mosaic, and where it stands in the patient (LPS, mm)."""

    sop_instance_uid: str
    blob_sha256: str
    header: Header
    frame: int
    tile: int | None = None

    @property
    def instance_number(self) -> int | None:
        return self.header.instance_number

    @property
    def number(self) -> tuple[int, int, int] | None:
        """Its place in the order of numbers: instance, frame, tile. None where the instance has no number."""
        if self.header.instance_number is None:
            return None
        return self.header.instance_number, self.header.frame_offset + self.frame, self.tile or 0

    @property
    def placed(self) -> bool:
        """Whether it may say where it stands: a frame of a cine has only its instance's position, or none."""
        header = self.header
        return self.tile is not None or header.frames == 1 or header.has_places

    @property
    def position(self) -> Vector3 | None:
        """Centre of the first pixel."""
        if self.tile is not None and self.header.mosaic is not None:
            first, step = self.header.mosaic["first"], self.header.mosaic["step"]
            x, y, z = (a + self.tile * b for a, b in zip(first, step, strict=True))
            return x, y, z
        position = self.header.of_frame(self.frame, "position")
        return None if position is None else (position[0], position[1], position[2])

    @property
    def orientation(self) -> list[float] | None:
        """Direction along a row, then down a column."""
        orientation: list[float] | None = self.header.of_frame(self.frame, "orientation")
        return orientation

    @property
    def row(self) -> Vector3 | None:
        """Direction in which the column index grows."""
        o = self.orientation
        return None if o is None else (o[0], o[1], o[2])

    @property
    def column(self) -> Vector3 | None:
        """Direction in which the row index grows."""
        o = self.orientation
        return None if o is None else (o[3], o[4], o[5])

    @property
    def spacing(self) -> list[float] | None:
        """Between rows and between columns, mm."""
        spacing: list[float] | None = self.header.of_frame(self.frame, "spacing")
        return spacing

    @property
    def rows(self) -> int:
        return self._side("rows")

    @property
    def columns(self) -> int:
        return self._side("columns")

    def _side(self, name: str) -> int:
        if self.tile is not None and self.header.mosaic is not None:
            return int(self.header.mosaic[name])
        return int(getattr(self.header.pixels, name))

    @property
    def thickness_mm(self) -> float | None:
        thickness: float | None = self.header.of_frame(self.frame, "thickness")
        return thickness

    @property
    def location_mm(self) -> float | None:
        return None if self.tile is not None else self.header.location

    @property
    def separators(self) -> dict[str, Any]:
        """What may tell it from others of the same place; see storage.dicom.separators."""
        separators: dict[str, Any] = self.header.of_frame(self.frame, "separators")
        return separators

    @property
    def rescale(self) -> tuple[float, float, str]:
        """Slope, intercept and what is said of them: see storage.dicom.rescale."""
        slope, intercept, said = (self.header.of_frame(self.frame, name) for name in ("slope", "intercept", "rescale"))
        return slope, intercept, said

    @property
    def unit(self) -> str:
        """Of its values, see rescale.unit_of."""
        unit: str = self.header.of_frame(self.frame, "unit")
        return unit

    @property
    def kind(self) -> str:
        """What a CT's values are instead of Hounsfield units, where it says so."""
        return kind_of(self.rescale[2], self.header.modality)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows what its values mean."""
        return is_unknown(self.rescale[2], self.header.sop_class_uid)

    @property
    def windows(self) -> list[list[Any]]:
        """Its own windows: [centre, width, explanation] in modality values; a fourth entry numbers a VOI LUT."""
        windows: list[list[Any]] = self.header.of_frame(self.frame, "windows")
        return windows

    @property
    def window_function(self) -> str:
        """How its windows map values to greys: LINEAR, LINEAR_EXACT or SIGMOID."""
        header = self.header
        function: str = header.of_frame(self.frame, "window_function")
        fractions = header.pixels is not None and header.pixels.kind != "integer"
        if header.contrast is not None and not self.windows:
            fractions = not is_int16(header)
        # LINEAR counts steps of whole numbers: of fractions from 0 to 1 it would leave black and white.
        return "LINEAR_EXACT" if function == "LINEAR" and fractions else function
