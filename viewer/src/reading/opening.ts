/** What is shown when a study, a series or a layout opens. */

import { batch } from "@preact/signals";
import type { FramePlace, Geometry, SeriesInfo, StackInfo, StudyInfo } from "../api/messages";
import { fetchStudy } from "../api/client";
import { through } from "../geometry/camera";
import * as grid from "../geometry/grid";
import { placeOfSlice } from "../geometry/places";
import type { Vector2, Vector3 } from "../geometry/vectors";
import type { PlaneView, Preset, StackView, VolumeView } from "../stream/messages";
import type { Desk } from "./desk";
import { labelsOf } from "./labelmaps";
import { firstLook, followed, lookOf, type Look } from "./windows";
import type { Role } from "./viewport";

/** Millimetres per pixel (along a row, down a column) of the image plane, as StackView counts them. */
export const pixelSize = (stack: StackInfo): Vector2 =>
  stack.spacing ? [stack.spacing[1], stack.spacing[0]] : [1, stack.aspect];

/** The corners of an image, half a pixel beyond the outermost pixel centres. */
export function imageCorners(stack: StackInfo): Vector2[] {
  const [sx, sy] = pixelSize(stack);
  const [x, y] = [(stack.columns - 0.5) * sx, (stack.rows - 0.5) * sy];
  return [
    [-sx / 2, -sy / 2],
    [x, -sy / 2],
    [-sx / 2, y],
    [x, y],
  ];
}

/** One frame, as it was stored, seen whole once the viewport has a size. */
export function stackView(series: SeriesInfo, stack: StackInfo, frame: number, look: Look): StackView {
  const [sx, sy] = pixelSize(stack);
  const centre: Vector2 = [((stack.columns - 1) / 2) * sx, ((stack.rows - 1) / 2) * sy];
  const place = { series: series.id, stack: stack.digest, frame, centre, ...look };
  return {
    kind: "stack",
    ...place,
    right: [1, 0],
    down: [0, 1],
    extent_mm: Math.max(stack.columns * sx, stack.rows * sy),
  };
}

/** Cross-sections open in their middle, everything else (ultrasound, angiography, plain film) at its beginning. */
export const firstFrame = (series: SeriesInfo, stack: StackInfo): number =>
  ["CT", "MR", "PT", "NM"].includes(series.modality) ? Math.floor(stack.frames.length / 2) : 0;

/** The series to open first: the first one that is a volume, for scouts and dose reports stand before it. */
export function firstSeries(study: StudyInfo): SeriesInfo | null {
  const shown = study.series.filter((series) => series.stacks.length > 0);
  return shown.find((series) => series.stacks.some((stack) => stack.volume)) ?? shown[0] ?? null;
}

/** Fetch a study and show its first series, if it is still wanted; the first view leaves before the page is drawn. */
export async function openStudy(desk: Desk, id: number, wanted: () => boolean): Promise<void> {
  const study = await fetchStudy(id);
  if (!wanted()) return;
  batch(() => {
    desk.study.value = study;
    desk.row.value = study.study;
    const series = firstSeries(study);
    if (series) openStack(desk, series, series.stacks.find((stack) => stack.volume) ?? series.stacks[0]!);
    else desk.notice.value = "nothing_to_show";
  });
}

export function openStack(desk: Desk, series: SeriesInfo, stack: StackInfo): void {
  batch(() => {
    desk.cine.close();
    desk.pen.peek()?.cancel();
    desk.along.value = null;
    for (const viewport of Object.values(desk.viewports)) viewport.clear();
    desk.series.value = series;
    desk.stack.value = stack;
    const kin = new Set(desk.phases.value.map(({ digest }) => digest));
    for (const viewport of Object.values(desk.viewports)) viewport.kin = kin;
    desk.cross.value = desk.notice.value = desk.toast.value = desk.maximised.value = desk.pivot.value = null;
    desk.layout.value = "stack";
    desk.active.value = "stack";
    if (desk.tool.value === "cross") desk.tool.value = null;
  });
  const frame = firstFrame(series, stack);
  const view = stackView(series, stack, frame, firstLook(series, stack, frame));
  desk.viewports.stack.open(view, imageCorners(stack));
}

/** The stack again, at the frame next to the crosshair and with the planes' window. */
export function openStackLayout(desk: Desk): void {
  const { stack } = desk.viewports;
  const view = stack.view.peek();
  const [series, shown] = [desk.series.value, desk.stack.value];
  const geometry = shown?.volume;
  const cross = desk.cross.value;
  const plane = desk.viewports.axial.view.peek() as PlaneView | null;
  if (view?.kind === "stack" && series && shown && geometry && cross && plane) {
    const frame = grid.frameAt(geometry, cross);
    // A VOI LUT belongs to stored frames; the planes have the window that stands for it, until another is chosen.
    const same = plane.window[0] === view.window[0] && plane.window[1] === view.window[1];
    const look = followed(series, shown, same ? lookOf(view) : lookOf(plane), view.frame, frame);
    stack.set({ ...view, frame, ...look, invert: plane.invert ?? false }, false);
  }
  batch(() => {
    desk.pen.peek()?.cancel();
    desk.layout.value = "stack";
    desk.maximised.value = null;
    desk.active.value = "stack";
    if (desk.tool.value === "cross") desk.tool.value = null;
  });
}

/** The three planes and the volume rendering; `alone` fills the layout. A stack that is no volume says why. */
export function openMpr(desk: Desk, alone: Role | null): void {
  const [series, stack] = [desk.series.value, desk.stack.value];
  if (!series || !stack) return;
  if (!stack.volume) {
    desk.notice.value = stack.refusal ?? "no_geometry";
    return;
  }
  batch(() => {
    if (!desk.viewports.axial.view.peek()) placePlanes(desk, series, stack, stack.volume!);
    else if (desk.layout.value === "stack") followStack(desk, stack.volume!);
    desk.layout.value = "mpr";
    desk.maximised.value = alone;
    desk.active.value = alone ?? "axial";
  });
}

/** The patient point in the middle of a frame, on voxel centres so that the first planes are stored values. */
function middle(geometry: Geometry, frame: number): Vector3 {
  const [, ny, nx] = geometry.shape;
  return grid.toPatient(geometry, [Math.floor(nx / 2), Math.floor(ny / 2), placeOfSlice(geometry, frame)]);
}

function placePlanes(desk: Desk, series: SeriesInfo, stack: StackInfo, geometry: Geometry): void {
  const from = desk.viewports.stack.view.peek() as StackView;
  const cross = middle(geometry, from.frame);
  desk.cross.value = cross;
  const axes = grid.screenAxes(geometry);
  const corners = grid.corners(geometry);
  const labels = labelsOf(desk.labels.peek(), stack.digest);
  const common = { series: series.id, stack: stack.digest, extent_mm: 400, labels };
  for (const plane of grid.PLANES) {
    const look = { window: from.window, invert: from.invert ?? false, projection: "max" as const, thickness_mm: 0 };
    const view: PlaneView = { kind: "plane", ...common, ...look, ...axes[plane], centre: cross };
    desk.viewports[plane].place(through(view, cross), corners);
  }
  desk.viewports.volume.place(volumeView(desk, series, stack, geometry), corners);
}

/**
 * The presets made for a modality. Those for MR take no grey value for a tissue, so they do for PET and others too, and
 * for a CT in other units.
 */
export function presetsOf(all: Preset[], modality: string, unit = ""): Preset[] {
  const of = (wanted: string): Preset[] => all.filter(({ modalities }) => modalities.includes(wanted));
  const [own, relative] = [of(modality === "CT" && unit !== "HU" ? "MR" : modality), of("MR")];
  return own.length ? own : relative.length ? relative : all;
}

/** The volume from the front, with the first preset made for its modality; a PET as dark uptake through all of it. */
export function volumeView(desk: Desk, series: SeriesInfo, stack: StackInfo, geometry: Geometry): VolumeView {
  const [preset] = presetsOf(desk.connection.presets.peek(), series.modality, stack.unit);
  const place = { series: series.id, stack: stack.digest, centre: grid.centre(geometry), extent_mm: 400 };
  const isPet = series.modality === "PT";
  return {
    kind: "volume",
    ...place,
    ...grid.seenFrom(geometry, "A"),
    preset: preset?.name ?? (stack.unit === "HU" ? "ct_bone" : "mr_default"),
    window: firstLook(series, stack).window,
    projection: isPet ? "max" : null,
    invert: isPet,
    shift: 0,
    curve: null,
    labels: labelsOf(desk.labels.peek(), stack.digest),
  };
}

/** Coming back from the stack: the planes move to its frame and take its window. */
function followStack(desk: Desk, geometry: Geometry): void {
  const from = desk.viewports.stack.view.peek() as StackView;
  const cross = desk.cross.value ?? middle(geometry, from.frame);
  const moved = grid.frameAt(geometry, cross) === from.frame ? cross : grid.toFrame(geometry, cross, from.frame);
  desk.cross.value = moved;
  for (const [, viewport] of desk.planes) {
    const view = viewport.view.peek() as PlaneView;
    viewport.set(through({ ...view, window: from.window, invert: from.invert ?? false }, moved), false);
  }
}

/** Where the frame on the screen stands in the patient. */
export const placeOf = (stack: StackInfo, frame: number): FramePlace | null => stack.frames[frame] ?? null;
