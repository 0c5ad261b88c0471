/** What hands, keys and controls do to a viewport. `moving` says that more is to come; `Desk.rest` ends it. */

import { batch } from "@preact/signals";
import * as camera from "../geometry/camera";
import { crosshair, handles, swept } from "../geometry/crosshair";
import * as grid from "../geometry/grid";
import { roll, turned, twist } from "../geometry/trackball";
import type { Vector2, Vector3 } from "../geometry/vectors";
import type { PlaneView, StackView, View, VolumeView } from "../stream/messages";
import { imageCorners, pixelSize, stackView, volumeView } from "./opening";
import type { Desk } from "./desk";
import type { Viewport } from "./viewport";
import { dragged, followed, lookOf, sane } from "./windows";

const geometryOf = (desk: Desk) => desk.stack.value?.volume ?? null;

/** Which of how many images a view shows; null for a volume rendering. Fractions lie between two slices. */
export function position(desk: Desk, view: View | null): { index: number; count: number } | null {
  const stack = desk.stack.value;
  if (!view || !stack) return null;
  if (view.kind === "stack") return { index: view.frame, count: stack.frames.length };
  const geometry = geometryOf(desk);
  if (view.kind === "volume" || !geometry) return null;
  const path = grid.slices(geometry, camera.normal(view));
  return { index: grid.sliceOf(view.centre, path), count: path.count };
}

/** A reader goes to image `index`, from 0; beyond an end it stays at that end. A cine that runs stops. */
export function scrollTo(desk: Desk, viewport: Viewport, index: number, moving: boolean): void {
  desk.cine.stop();
  showImage(desk, viewport, index, moving);
}

export function showImage(desk: Desk, viewport: Viewport, index: number, moving: boolean): void {
  const view = viewport.view.peek();
  const geometry = geometryOf(desk);
  if (view?.kind === "stack") {
    const [series, stack] = [desk.series.value!, desk.stack.value!];
    const frame = Math.min(stack.frames.length - 1, Math.max(0, Math.round(index)));
    viewport.set({ ...view, frame, ...followed(series, stack, lookOf(view), view.frame, frame) }, moving);
  } else if (view?.kind === "plane" && geometry) {
    const path = grid.slices(geometry, camera.normal(view));
    const linked = desk.linked.value && desk.cross.value;
    const to = grid.onSlice(linked || view.centre, path, Math.round(index));
    if (linked) desk.cross.value = to;
    viewport.set(camera.through(view, to), moving);
  }
}

export function scroll(desk: Desk, viewport: Viewport, steps: number, moving: boolean): void {
  const at = position(desk, viewport.view.peek());
  if (at && steps) scrollTo(desk, viewport, Math.round(at.index) + steps, moving);
}

/** Whole device pixels, so that original pixels stay original pixels while they are moved. */
export function pan(viewport: Viewport, dx: number, dy: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (!view) return;
  viewport.fitted = false;
  viewport.set(camera.pan(view, viewport.size.peek(), Math.round(dx), Math.round(dy)), moving);
}

export function zoom(viewport: Viewport, factor: number, at: Vector2 | null, moving: boolean): void {
  const view = viewport.view.peek();
  if (!view) return;
  const size = viewport.size.peek();
  viewport.fitted = false;
  viewport.set(camera.zoom(view, size, factor, at ?? [size.width / 2, size.height / 2]), moving);
}

/** One image pixel on one device pixel, the grids on each other. Only a stack has original pixels. */
export function originalPixels(desk: Desk, viewport: Viewport): void {
  const view = viewport.view.peek();
  const stack = desk.stack.value;
  if (view?.kind !== "stack" || !stack) return;
  const { width, height } = viewport.size.peek();
  const [sx, sy] = pixelSize(stack);
  // An even number of screen pixels has its middle between two of them, an odd one on a pixel's centre.
  const snap = (mm: number, step: number, pixels: number): number => {
    const half = pixels % 2 === 0 ? 0.5 : 0;
    return (Math.round(mm / step - half) + half) * step;
  };
  const lying = Math.abs(view.right[1]) > Math.abs(view.right[0]); // a quarter turn swaps the sides
  const [across, downward] = lying ? [height, width] : [width, height];
  const centre: Vector2 = [snap(view.centre[0], sx, across), snap(view.centre[1], sy, downward)];
  viewport.fitted = false;
  viewport.set({ ...view, centre, extent_mm: sx * Math.min(width, height) }, false);
}

// ── window ──

/** The stack and the planes of a series share one window; a VOI LUT, which belongs to stored frames, is the stack's. */
export function setWindow(desk: Desk, wanted: Vector2, moving: boolean, lut: number | null = null): void {
  const window = sane(wanted);
  for (const viewport of Object.values(desk.viewports)) {
    const view = viewport.view.peek();
    if (view?.kind === "stack") viewport.set({ ...view, window, lut }, moving);
    else if (view?.kind === "plane") viewport.set({ ...view, window }, moving);
  }
}

export function dragWindow(desk: Desk, viewport: Viewport, dx: number, dy: number): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set({ ...view, shift: clamp((view.shift ?? 0) + dy * 2, -500, 500) }, true);
  else if (view && !desk.stack.value?.colour)
    setWindow(desk, dragged(view.window, dx, dy, desk.stack.value?.unit ?? ""), true);
}

export function invert(desk: Desk): void {
  const views = Object.values(desk.viewports).map((viewport) => ({ viewport, view: viewport.view.peek() }));
  for (const { viewport, view } of views) {
    if (view && view.kind !== "volume") viewport.set({ ...view, invert: !view.invert }, false);
  }
}

/** Show or hide what is drawn over the stored pixels: the header's overlays, or its display shutter. */
export function toggleCover(desk: Desk, cover: "overlays" | "shutter"): void {
  const { stack } = desk.viewports;
  const view = stack.view.peek();
  if (view?.kind === "stack" && desk.stack.peek()?.[cover]) stack.set({ ...view, [cover]: view[cover] === false }, false);
}

// ── turning ──

export function rotate(desk: Desk, viewport: Viewport, degrees: number): void {
  const view = viewport.view.peek();
  if (!view) return;
  viewport.set(view.kind === "volume" ? twist(view, degrees, pivot(desk, view)) : camera.rotate(view, degrees), false);
}

/** A mirrored volume rendering would show a heart on the wrong side, so only flat pictures flip. */
export function flip(viewport: Viewport, way: "horizontal" | "vertical"): void {
  const view = viewport.view.peek();
  if (view && view.kind !== "volume") viewport.set(camera.flip(view, way), false);
}

/** What a volume turns about: the point that was chosen, or the middle of the body. */
const pivot = (desk: Desk, view: VolumeView): Vector3 => {
  const geometry = geometryOf(desk);
  return desk.pivot.peek() ?? (geometry ? grid.centre(geometry) : view.centre);
};

export function turn(desk: Desk, viewport: Viewport, dx: number, dy: number): void {
  const view = viewport.view.peek();
  if (view?.kind !== "volume") return;
  const { width, height } = viewport.size.peek();
  const side = Math.min(width, height);
  viewport.set(roll(view, dx / side, dy / side, pivot(desk, view)), true);
}

export function twistBy(desk: Desk, viewport: Viewport, degrees: number): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume" && degrees) viewport.set(twist(view, degrees, pivot(desk, view)), true);
}

export function lookFrom(desk: Desk, viewport: Viewport, side: "A" | "P" | "L" | "R" | "H" | "F"): void {
  const view = viewport.view.peek();
  const geometry = geometryOf(desk);
  if (view?.kind !== "volume" || !geometry) return;
  const centre = grid.centre(geometry);
  viewport.place({ ...view, ...grid.seenFrom(geometry, side), centre }, grid.corners(geometry));
}

export function setPreset(viewport: Viewport, preset: string): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set({ ...view, preset, shift: 0 }, false);
}

export function setShift(viewport: Viewport, shift: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set({ ...view, shift: clamp(shift, -500, 500) }, moving);
}

// ── slab ──

export type Projection = NonNullable<PlaneView["projection"]>;
export const SLAB_MM = 20;
export const MAX_SLAB_MM = 100;
const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

export function setThickness(viewport: Viewport, thickness_mm: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind !== "plane") return;
  viewport.set({ ...view, thickness_mm: clamp(Math.round(thickness_mm), 0, MAX_SLAB_MM) }, moving);
}

export function addThickness(viewport: Viewport, millimetres: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind === "plane") setThickness(viewport, (view.thickness_mm ?? 0) + millimetres, moving);
}

/** Choosing a projection of a thin plane means that a slab is wanted. */
export function setProjection(viewport: Viewport, projection: Projection): void {
  const view = viewport.view.peek();
  if (view?.kind !== "plane") return;
  viewport.set({ ...view, projection, thickness_mm: view.thickness_mm || SLAB_MM }, false);
}

export function toggleSlab(viewport: Viewport): void {
  const view = viewport.view.peek();
  if (view?.kind === "plane") setThickness(viewport, view.thickness_mm ? 0 : SLAB_MM, false);
}

// ── crosshair ──

/** Put the cross under a screen position of one plane; the others move through that point. */
export function crossTo(desk: Desk, viewport: Viewport, at: Vector2, moving: boolean): void {
  const view = viewport.view.peek();
  const geometry = geometryOf(desk);
  if (view?.kind !== "plane" || !geometry) return;
  desk.cine.stop();
  const point = grid.inside(geometry, camera.pointAt(view, viewport.size.peek(), at));
  batch(() => {
    desk.cross.value = point;
    follow(desk, moving, viewport);
  });
}

/** Every plane goes through a patient point, linked or not: somebody wants to see it. */
export function crossToPoint(desk: Desk, wanted: Vector3): void {
  const geometry = geometryOf(desk);
  if (!geometry) return;
  desk.cine.stop();
  const point = grid.inside(geometry, wanted);
  batch(() => {
    desk.cross.value = point;
    for (const [, plane] of desk.planes) plane.set(camera.through(plane.view.peek() as PlaneView, point), false);
  });
}

function follow(desk: Desk, moving: boolean, except?: Viewport): void {
  const point = desk.cross.value;
  if (!desk.linked.value || !point) return;
  for (const [, other] of desk.planes) {
    if (other !== except) other.set(camera.through(other.view.peek() as PlaneView, point), moving);
  }
}

/** The cross of a plane and its handles, device pixels; null where none is drawn. */
export function crossOf(desk: Desk, viewport: Viewport): (ReturnType<typeof crosshair> & { handles: Vector2[] }) | null {
  const view = viewport.view.peek();
  const point = desk.cross.value;
  if (view?.kind !== "plane" || !point || !desk.linked.value) return null;
  const size = viewport.size.peek();
  const others = desk.planes
    .filter(([, other]) => other !== viewport)
    .map(([plane, other]): [typeof plane, PlaneView] => [plane, other.view.peek() as PlaneView]);
  const cross = crosshair(view, size, point, others);
  return { ...cross, handles: handles(cross, size) };
}

/** Turn the other planes about the cross, as a finger went from one screen position to another. */
export function turnCross(desk: Desk, viewport: Viewport, from: Vector2, to: Vector2): void {
  const cross = crossOf(desk, viewport);
  const point = desk.cross.peek();
  const view = viewport.view.peek();
  if (!cross || !point || view?.kind !== "plane") return;
  const angle = swept(cross.at, from, to);
  batch(() => {
    for (const [, other] of desk.planes) {
      if (other === viewport) continue;
      other.set(turned(other.view.peek() as PlaneView, camera.normal(view), angle, point), true);
    }
  });
}

export function toggleLink(desk: Desk): void {
  desk.linked.value = !desk.linked.value;
  follow(desk, false);
}

// ── back to the beginning ──

/** The whole picture again, turned as it is. */
export function fit(desk: Desk, viewport: Viewport): void {
  const view = viewport.view.peek();
  const corners = view && cornersOf(desk, view);
  if (view && corners) viewport.place(view, corners);
}

/** The picture as it opened: whole, upright, not mirrored, not inverted. The image and the window stay. */
export function reset(desk: Desk, viewport: Viewport): void {
  const view = viewport.view.peek();
  const corners = view && cornersOf(desk, view);
  if (view?.kind === "volume") desk.pivot.value = null;
  if (view && corners) viewport.place(upright(desk, view), corners);
}

function upright(desk: Desk, view: View): View {
  const [series, stack] = [desk.series.value!, desk.stack.value!];
  if (view.kind === "stack") return stackView(series, stack, view.frame, lookOf(view)) satisfies StackView;
  const geometry = stack.volume!;
  if (view.kind === "volume") return { ...volumeView(desk, series, stack, geometry), preset: view.preset };
  const axes = grid.screenAxes(geometry);
  const plane = desk.planes.find(([, viewport]) => viewport.view.peek() === view)?.[0] ?? "axial";
  return { ...view, ...axes[plane], invert: false };
}

function cornersOf(desk: Desk, view: View) {
  const stack = desk.stack.value;
  if (!stack) return null;
  return view.kind === "stack" ? imageCorners(stack) : stack.volume && grid.corners(stack.volume);
}
