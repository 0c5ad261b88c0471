"""What storage knows of studies, as the page's messages. Pure: rows and headers in, messages out."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from api.messages import (
    FramePlace,
    Geometry,
    Phase,
    SeriesInfo,
    StackInfo,
    StoredObject,
    StudyInfo,
    StudyRow,
    WindowPreset,
)
from storage.dicom import phases
from storage.dicom.grid import SeriesGeometry
from storage.dicom.objects import kept_without_pictures
from storage.dicom.sources import FrameSource
from storage.dicom.stacks import Stack, stacks_of
from storage.studies import StoredSeries, StoredStudy


def study_info(study: StoredStudy, series: list[StoredSeries], conflicts: int) -> StudyInfo:
    """Everything the page needs to open a study without another question."""
    return StudyInfo(study_row(study), [series_info(one) for one in series], conflicts)


def study_row(study: StoredStudy) -> StudyRow:
    """One line of the study list."""
    return StudyRow(
        id=study.id,
        institution=study.institution,
        patient_name=study.patient_name,
        patient_id=study.patient_id,
        sex=study.sex,
        birth_date=_day(study.birth_date),
        age=study.patient_age,
        date=_day(study.study_date),
        time=_minute(study.study_time),
        modalities=list(study.modalities),
        body_part=study.body_part,
        description=study.description,
        accession=study.accession,
        images=study.images,
        series=study.series,
        received_at=study.received_at.isoformat(timespec="seconds"),
    )


def series_info(series: StoredSeries) -> SeriesInfo:
    """One series with its stacks."""
    stacks = stacks_of(series.instances)
    return SeriesInfo(
        id=series.id,
        uid=series.series_instance_uid,
        number=series.number,
        modality=series.modality,
        description=series.description,
        body_part=series.body_part,
        images=len(series.instances),
        stacks=[_stack(stack) for stack in stacks],
        not_displayable=[
            StoredObject(kept.kind, kept.name, kept.count) for kept in kept_without_pictures(series.instances)
        ],
    )


def _stack(stack: Stack) -> StackInfo:
    return StackInfo(
        index=stack.index,
        digest=stack.digest,
        rows=stack.rows,
        columns=stack.columns,
        frames=[_place(frame, stack.windows) for frame in stack.frames],
        spacing=stack.spacing,
        spacing_source=stack.spacing_source,
        aspect=stack.aspect,
        colour=stack.colour,
        monochrome1=stack.inverted,
        windows=[_window(window) for window in stack.windows],
        unit=stack.unit,
        lossy=stack.lossy,
        frame_time_ms=stack.frame_time_ms,
        frame_times_ms=stack.frame_times_ms,
        playback=stack.frames[0].header.playback,
        overlays=stack.overlays,
        shutter=stack.shutter,
        phase=_phase(stack.phase) if stack.phase else None,
        notes=list(stack.notes),
        volume=_geometry(stack.geometry) if stack.geometry else None,
        refusal=stack.refusal,
    )


def _place(frame: FrameSource, windows: list[list[Any]]) -> FramePlace:
    return FramePlace(
        position=frame.position,
        row=frame.row,
        column=frame.column,
        thickness_mm=frame.thickness_mm,
        location_mm=frame.location_mm,
        patient_orientation=_letters(frame),
        instance_number=frame.instance_number,
        window=_own_window(frame, windows),
        lossy=frame.header.lossy,
    )


def _own_window(frame: FrameSource, windows: list[list[Any]]) -> tuple[float, float] | None:
    """The frame's first window, where the stack does not open with the same or with each frame's own VOI LUT."""
    if not (own := frame.windows):
        return None
    # Window numbers only: slices that name the same window differently need no second one.
    same = windows and (own[0][:2] == windows[0][:2] or (len(own[0]) > 3 and own[0][3:] == windows[0][3:]))
    return None if same else (own[0][0], own[0][1])


def _letters(frame: FrameSource) -> tuple[str, str] | None:
    """What a projection says of how it lies in the patient; images with directions say it by these."""
    letters = frame.header.patient_orientation
    return (letters[0], letters[1]) if letters and frame.row is None else None


def _window(window: list[Any]) -> WindowPreset:
    centre, width, explanation, *lut = window
    return WindowPreset(centre, width, explanation, lut[0] if lut else None)


def _phase(phase: phases.Phase) -> Phase:
    return Phase(phase.group, phase.number, phase.count, phase.kind, phase.value, phase.text)


def _geometry(geometry: SeriesGeometry) -> Geometry:
    affine = [float(value) for value in geometry.affine[:3].ravel()]
    places = None if geometry.places is None else geometry.places.tolist()
    return Geometry(affine, geometry.shape, geometry.frame_of_reference, places, list(geometry.holes))


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _minute(value: time | None) -> str:
    return value.strftime("%H:%M") if value else ""
