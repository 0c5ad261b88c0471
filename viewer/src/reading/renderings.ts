/** What the volume pane makes of a volume: shaded by a preset or a curve, or a projection through all of it. */

import type { VolumeView } from "../stream/messages";
import type { Desk } from "./desk";
import { fitted } from "./filters";
import type { Projection } from "./slabs";
import type { Viewport } from "./viewport";
import { firstLook, sameWindow } from "./windows";
import type { Vector2 } from "../geometry/vectors";

/** What a projection of HU begins with: vessels beside the bone that most rays meet, air within the body, all in sum. */
const USUAL: Record<Projection, Vector2> = { max: [300, 1000], min: [-700, 700], mean: [-400, 1000] };

function change(viewport: Viewport, what: Partial<VolumeView>, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume") viewport.set(fitted({ ...view, ...what }), moving);
}

/** A projection, or null for the rendering as it was. A window that a reader chose stays. */
export function setProjection(desk: Desk, viewport: Viewport, projection: Projection | null): void {
  const view = viewport.view.peek();
  const [series, stack] = [desk.series.peek(), desk.stack.peek()];
  if (view?.kind !== "volume" || !series || !stack) return;
  const given = [firstLook(series, stack).window, ...Object.values(USUAL)];
  const usual = projection && stack.unit === "HU" && given.some((window) => sameWindow(window, view.window));
  change(viewport, { projection, window: usual ? USUAL[projection] : view.window }, false);
}

export const setPreset = (viewport: Viewport, preset: string): void =>
  change(viewport, { preset, shift: 0, curve: null, projection: null }, false);

/** A curve of the reader's own instead of the preset's, which it began as; null: the preset's again. */
export const setCurve = (viewport: Viewport, curve: VolumeView["curve"], moving: boolean): void =>
  change(viewport, { shift: 0, curve: curve ?? null }, moving);

export const setShift = (viewport: Viewport, shift: number, moving: boolean): void => change(viewport, { shift }, moving);

/** A shift as it is read: three digits of it. */
export const shiftText = (shift: number, unit: string): string => `${Number(shift.toPrecision(3))} ${unit}`.trim();
