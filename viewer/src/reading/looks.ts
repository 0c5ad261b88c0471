/** How values become grey: window, inversion, covers; and a volume rendering's opacity under a hand. */

import { powerOfTen } from "../geometry/power_of_ten";
import { clamp, type Vector2 } from "../geometry/vectors";
import type { View } from "../stream/messages";
import type { Desk } from "./desk";
import type { Viewport } from "./viewport";
import { dragged, hasWindow, sane } from "./windows";

/**
 * Change the greys of the active picture and of those that share them: the stack and the planes of a series have one
 * window, a projection through the whole volume another one of its own.
 */
function setGreys(desk: Desk, moving: boolean, changed: (view: View) => View): void {
  const active = desk.activeViewport.peek();
  const view = active.view.peek();
  const alone = view?.kind === "volume" && hasWindow(view);
  for (const viewport of alone ? [active] : Object.values(desk.viewports)) {
    const now = viewport.view.peek();
    if (now && (alone || now.kind !== "volume")) viewport.set(changed(now), moving);
  }
}

/** A VOI LUT, which belongs to stored frames, is the stack's. */
export function setWindow(desk: Desk, wanted: Vector2, moving: boolean, lut: number | null = null): void {
  const window = sane(wanted);
  setGreys(desk, moving, (view) => (view.kind === "stack" ? { ...view, window, lut } : { ...view, window }));
}

/**
 * How far a volume's opacity can be shifted, and in which steps: a hundredth of the values that presets are stretched
 * over, or of a thousand HU. Null until the server has told which values those are.
 */
export function shiftsOf(desk: Desk, { surveyed }: Viewport): { most: number; step: number } | null {
  const width = desk.stack.value?.unit === "HU" ? 1000 : surveyed && Math.max(surveyed.high - surveyed.low, 1e-6);
  if (!width) return null;
  const step = powerOfTen(Math.floor(Math.log10(width / 100)));
  return { most: Number((Math.ceil(width / 2 / step) * step).toPrecision(6)), step };
}

export function dragWindow(desk: Desk, viewport: Viewport, dx: number, dy: number): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume" && !hasWindow(view)) {
    const most = shiftsOf(desk, viewport)?.most;
    if (!most) void viewport.survey();
    else viewport.set({ ...view, shift: clamp((view.shift ?? 0) + (dy * most) / 250, -most, most) }, true);
  } else if (view && !desk.stack.value?.colour)
    setWindow(desk, dragged(view.window, dx, dy, desk.stack.value?.unit ?? ""), true);
}

export const invert = (desk: Desk): void => setGreys(desk, false, (view) => ({ ...view, invert: !view.invert }));

/** Show or hide what is drawn over the stored pixels: the header's overlays, or its display shutter. */
export function toggleCover(desk: Desk, cover: "overlays" | "shutter"): void {
  const { stack } = desk.viewports;
  const view = stack.view.peek();
  if (view?.kind === "stack" && desk.stack.peek()?.[cover]) stack.set({ ...view, [cover]: view[cover] === false }, false);
}
