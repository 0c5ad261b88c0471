/** Which image, how large and where, for hands, keys and controls. `moving`: more is to come; `Desk.rest` ends it. */

import { batch } from "@preact/signals";
import * as camera from "../geometry/camera";
import * as grid from "../geometry/grid";
import type { Vector2 } from "../geometry/vectors";
import type { PlaneView, StackView, View } from "../stream/messages";
import type { Desk } from "./desk";
import { imageCorners, pixelSize, stackView, volumeView } from "./opening";
import type { Viewport } from "./viewport";
import { followed, lookOf } from "./windows";

/** Which of how many images a view shows; null for a volume rendering. Fractions lie between two slices. */
export function position(desk: Desk, view: View | null): { index: number; count: number } | null {
  const stack = desk.stack.value;
  if (!view || !stack) return null;
  if (view.kind === "stack") return { index: view.frame, count: stack.frames.length };
  const geometry = desk.geometry.value;
  if (view.kind !== "plane" || !geometry) return null;
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
  const geometry = desk.geometry.value;
  if (view?.kind === "stack") {
    const [series, stack] = [desk.series.value!, desk.stack.value!];
    const frame = Math.min(stack.frames.length - 1, Math.max(0, Math.round(index)));
    viewport.set({ ...view, frame, ...followed(series, stack, lookOf(view), view.frame, frame) }, moving);
  } else if (view?.kind === "plane" && geometry && viewport.role !== "section") {
    const path = grid.slices(geometry, camera.normal(view));
    const linked = desk.linked.value && desk.cross.value;
    const to = grid.onSlice(linked || view.centre, path, Math.round(index));
    if (linked) desk.cross.value = to;
    viewport.set(camera.through(view, to), moving);
  }
}

export const isAlong = ({ role }: Viewport): boolean => role === "curved" || role === "section";

export function scroll(desk: Desk, viewport: Viewport, steps: number, moving: boolean): void {
  if (isAlong(viewport)) return desk.along.peek()?.scroll(viewport, steps, moving);
  const at = position(desk, viewport.view.peek());
  if (at && steps) scrollTo(desk, viewport, Math.round(at.index) + steps, moving);
}

/** Whole device pixels, so that original pixels stay original pixels while they are moved. */
export function pan(viewport: Viewport, dx: number, dy: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (!view) return;
  viewport.fitted = false;
  const size = viewport.size.peek();
  viewport.set(camera.framed(view, (now) => camera.pan(now, size, Math.round(dx), Math.round(dy))), moving);
}

export function zoom(viewport: Viewport, factor: number, at: Vector2 | null, moving: boolean): void {
  const view = viewport.view.peek();
  if (!view) return;
  const size = viewport.size.peek();
  viewport.fitted = false;
  viewport.set(camera.framed(view, (now) => camera.zoom(now, size, factor, at ?? [size.width / 2, size.height / 2])), moving);
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

/** The whole picture again, turned as it is. */
export function fit(desk: Desk, viewport: Viewport): void {
  const view = viewport.view.peek();
  const corners = view && cornersOf(desk, viewport, view);
  if (view && corners) viewport.place(view, corners);
}

/**
 * The picture as it opened: whole, upright, not mirrored, not inverted. The image and the window stay. Planes are linked
 * by their crosshair, which turns with them: all that it has tilted lie straight again.
 */
export function reset(desk: Desk, viewport: Viewport): void {
  const view = viewport.view.peek();
  const corners = view && cornersOf(desk, viewport, view);
  if (!view || !corners) return;
  if (view.kind === "volume") desk.pivot.value = null;
  batch(() => {
    viewport.place(isAlong(viewport) ? view : upright(desk, view), corners);
    if (view.kind === "plane" && desk.linked.peek()) straighten(desk);
  });
}

function straighten(desk: Desk): void {
  const geometry = desk.geometry.peek();
  if (!geometry) return;
  for (const [plane, viewport] of desk.planes) {
    const view = viewport.view.peek() as PlaneView;
    if (!grid.isOblique(geometry, plane, view)) continue;
    const straight = { ...view, ...grid.screenAxes(geometry)[plane] };
    viewport.set(camera.through(straight, desk.cross.peek() ?? view.centre), false);
  }
}

/** What is done to the values, and what lies over them, is not how one looks at them: it stays. */
function upright(desk: Desk, view: View): View {
  const [series, stack] = [desk.series.value!, desk.stack.value!];
  const { filter } = view;
  if (view.kind === "stack") return { ...stackView(series, stack, view.frame, lookOf(view)), filter } satisfies StackView;
  const geometry = stack.volume!;
  if (view.kind === "volume") {
    const { preset, projection, window, fusion } = view;
    return { ...volumeView(desk, series, stack, geometry), preset, projection, window, filter, fusion };
  }
  const axes = grid.screenAxes(geometry);
  const plane = desk.planes.find(([, viewport]) => viewport.view.peek() === view)?.[0] ?? "axial";
  return { ...view, ...axes[plane], invert: false };
}

function cornersOf(desk: Desk, viewport: Viewport, view: View) {
  const stack = desk.stack.value;
  if (!stack) return null;
  if (isAlong(viewport)) return viewport.corners;
  return view.kind === "stack" ? imageCorners(stack) : stack.volume && grid.corners(stack.volume);
}
