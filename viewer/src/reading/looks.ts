/** How values become grey: window, inversion, covers, and a volume rendering's preset and opacity. */

import { clamp, type Vector2 } from "../geometry/vectors";
import type { VolumeView } from "../stream/messages";
import type { Desk } from "./desk";
import type { Viewport } from "./viewport";
import { dragged, sane } from "./windows";

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

export function setPreset(viewport: Viewport, preset: string): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set({ ...view, preset, shift: 0, curve: null }, false);
}

/** A curve of the reader's own instead of the preset's, which it began as; null: the preset's again. */
export function setCurve(viewport: Viewport, curve: VolumeView["curve"], moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set({ ...view, shift: 0, curve: curve ?? null }, moving);
}

export function setShift(viewport: Viewport, shift: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set({ ...view, shift: clamp(shift, -500, 500) }, moving);
}
