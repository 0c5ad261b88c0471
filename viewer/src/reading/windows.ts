/** Window presets by id: what the number keys and the list offer. Widths and centres as in radiology practice. */

import type { SeriesInfo, StackInfo } from "../api/messages";
import type { Vector2 } from "../geometry/vectors";
import type { View } from "../stream/messages";

/** How values become greys: a window, or the frame's own VOI LUT of that number, with a window that stands for it. */
export interface Look {
  window: Vector2; // (centre, width)
  lut: number | null;
}

export interface WindowChoice extends Look {
  id: string;
  /** The header's own name for it; the dictionary names the others by their id. */
  name?: string;
}

// Keys name ids, never places in the list: a preset that is added in between must not move "lung" to another key.
const CT: [id: string, window: Vector2][] = [
  ["soft", [40, 400]],
  ["lung", [-600, 1500]],
  ["bone", [500, 2000]],
  ["brain", [40, 80]],
  ["liver", [90, 150]],
  ["angio", [200, 700]],
  ["stroke", [40, 40]],
  ["subdural", [75, 200]],
  ["spine_soft", [40, 300]],
  ["spine_bone", [400, 1800]],
  ["temporal_bone", [600, 4000]],
  ["cardiac", [200, 800]],
  ["calcium", [130, 600]],
  ["infant_brain", [32, 70]],
];

/**
 * The presets of a stack: the header's windows and VOI LUTs first, then the field's for CT in Hounsfield units.
 * With the frame that is shown, the first one is that frame's own window.
 */
export function windowChoices(series: SeriesInfo, stack: StackInfo, frame: number | null = null): WindowChoice[] {
  if (stack.colour) return [];
  const own = frame === null ? null : stack.frames[frame]?.window;
  const header = stack.windows.map(({ centre, width, explanation, lut }, i): WindowChoice => {
    const look: Look = i === 0 && own ? { window: own, lut: null } : { window: [centre, width], lut };
    const choice = { id: `header${i || ""}`, ...look };
    return explanation ? { ...choice, name: explanation } : choice;
  });
  if (series.modality !== "CT" || stack.unit !== "HU") return header;
  return [...header, ...CT.map(([id, window]) => ({ id, window, lut: null }))];
}

/** A window as the stream takes it, whatever a header or a slip of the finger says. */
export const sane = ([centre, width]: Vector2): Vector2 => [
  Math.min(1e9, Math.max(-1e9, centre)),
  Math.min(1e9, Math.max(1e-9, width)),
];

/** What a frame of a stack opens with: its own window where it has one, for the slices of an MR differ widely. */
export function firstLook(series: SeriesInfo, stack: StackInfo, frame: number | null = null): Look {
  if (stack.colour) return { window: [127.5, 255], lut: null };
  const own = frame === null ? null : stack.frames[frame]?.window;
  if (own) return { window: sane(own), lut: null };
  const [first] = windowChoices(series, stack);
  if (!first) return { window: [127.5, 255], lut: null };
  return first.id === "header" ? { window: sane(first.window), lut: first.lut } : { window: [40, 400], lut: null };
}

export const sameWindow = (a: Vector2, b: Vector2): boolean => a[0] === b[0] && a[1] === b[1];

export const sameLook = (a: Look, b: Look): boolean => a.lut === b.lut && sameWindow(a.window, b.window);

/** Whether a view's values become grey by its window: all but a shaded volume's. */
export const hasWindow = (view: View): boolean => view.kind !== "volume" || !!view.projection;

/** What a view of a stack is shown with. */
export const lookOf = ({ window, lut }: { window: Vector2; lut?: number | null }): Look => ({ window, lut: lut ?? null });

/**
 * The look of frame `to` when `look` is shown at frame `from`: each its own, until a reader chose another one. `other`
 * is the stack of frame `to` where it is another phase's.
 */
export function followed(
  series: SeriesInfo,
  stack: StackInfo,
  look: Look,
  from: number,
  to: number,
  other: StackInfo = stack,
): Look {
  return sameLook(look, firstLook(series, stack, from)) ? firstLook(series, other, to) : look;
}

/** The window after dragging (dx, dy) CSS pixels: across changes the width, down darkens. */
export function dragged([centre, width]: Vector2, dx: number, dy: number, unit: string): Vector2 {
  const least = unit === "HU" ? 1 : Math.min(1, width);
  const rate = Math.max(width, least) / 300;
  return [centre + dy * rate, Math.max(least, width + dx * rate)];
}

/** A window's number as it is shown and typed. */
export const windowNumber = (value: number): string =>
  Math.abs(value) >= 20 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3);
