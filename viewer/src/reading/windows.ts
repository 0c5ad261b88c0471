/** Window presets by id: what the number keys and the list offer. Widths and centres as in radiology practice. */

import type { SeriesInfo, StackInfo } from "../api/messages";
import type { Vector2 } from "../geometry/vectors";

export interface WindowChoice {
  id: string;
  /** The header's own name for it; the dictionary names the others by their id. */
  name?: string;
  window: Vector2; // (centre, width)
  key?: number;
}

// Keys name ids, never places in the list: a preset that is added in between must not move "lung" to another key.
const CT: WindowChoice[] = [
  { id: "soft", window: [40, 400], key: 2 },
  { id: "lung", window: [-600, 1500], key: 3 },
  { id: "bone", window: [500, 2000], key: 4 },
  { id: "brain", window: [40, 80], key: 5 },
  { id: "liver", window: [90, 150], key: 6 },
  { id: "angio", window: [200, 700], key: 7 },
  { id: "stroke", window: [40, 40], key: 8 },
  { id: "subdural", window: [75, 200], key: 9 },
  { id: "spine_soft", window: [40, 300] },
  { id: "spine_bone", window: [400, 1800] },
  { id: "temporal_bone", window: [600, 4000] },
  { id: "cardiac", window: [200, 800] },
  { id: "calcium", window: [130, 600] },
  { id: "infant_brain", window: [32, 70] },
];

/**
 * The presets of a stack: the header's windows first, under key 1, then the field's for CT in Hounsfield units.
 * With the frame that is shown, key 1 is that frame's own window.
 */
export function windowChoices(series: SeriesInfo, stack: StackInfo, frame: number | null = null): WindowChoice[] {
  if (stack.colour) return [];
  const own = frame === null ? null : stack.frames[frame]?.window;
  const header = stack.windows.map(({ centre, width, explanation }, i): WindowChoice => {
    const window: Vector2 = i === 0 && own ? own : [centre, width];
    const choice: WindowChoice = { id: `header${i || ""}`, window, ...(i === 0 ? { key: 1 } : {}) };
    return explanation ? { ...choice, name: explanation } : choice;
  });
  return series.modality === "CT" && stack.unit === "HU" ? [...header, ...CT] : header;
}

/** A window as the stream takes it, whatever a header or a slip of the finger says. */
export const sane = ([centre, width]: Vector2): Vector2 => [
  Math.min(1e9, Math.max(-1e9, centre)),
  Math.min(1e9, Math.max(1e-9, width)),
];

/** What a frame of a stack opens with: its own window where it has one, for the slices of an MR differ widely. */
export function firstWindow(series: SeriesInfo, stack: StackInfo, frame: number | null = null): Vector2 {
  const own = frame === null || stack.colour ? null : stack.frames[frame]?.window;
  if (own) return sane(own);
  const [first] = windowChoices(series, stack);
  if (first) return first.id.startsWith("header") ? sane(first.window) : [40, 400];
  return [127.5, 255];
}

/** The window of frame `to` when `window` is shown at frame `from`: each its own, until a reader chose another one. */
export function followed(series: SeriesInfo, stack: StackInfo, window: Vector2, from: number, to: number): Vector2 {
  const [centre, width] = firstWindow(series, stack, from);
  return window[0] === centre && window[1] === width ? firstWindow(series, stack, to) : window;
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
