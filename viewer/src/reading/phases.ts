/** A 4-D set: several Stacks of the same places, one after the other in time, by echo, by diffusion weighting … */

import { batch } from "@preact/signals";
import type { SeriesInfo, StackInfo } from "../api/messages";
import type { StackView, View } from "../stream/messages";
import type { Desk } from "./desk";
import { openStackLayout } from "./opening";
import { followed, lookOf, type Look } from "./windows";

/** What the series strip shows as one: a stack, or all phases of a 4-D set in their order. */
export interface Entry {
  series: SeriesInfo;
  stacks: StackInfo[];
}

export function entries(series: SeriesInfo): Entry[] {
  const found: Entry[] = [];
  const sets = new Map<string, StackInfo[]>();
  for (const stack of series.stacks) {
    const group = stack.phase?.group;
    const known = group === undefined ? undefined : sets.get(group);
    if (known) {
      known.push(stack);
      continue;
    }
    const stacks = [stack];
    if (group !== undefined) sets.set(group, stacks);
    found.push({ series, stacks });
  }
  for (const stacks of sets.values()) stacks.sort((a, b) => a.phase!.number - b.phase!.number);
  return found;
}

/** The stacks of the set that `stack` belongs to, in their order; a stack that is no phase stands alone. */
export const phasesOf = (series: SeriesInfo, stack: StackInfo): StackInfo[] =>
  entries(series).find(({ stacks }) => stacks.includes(stack))?.stacks ?? [stack];

// Other pictures of the same places, with grey values of their own: a b = 0 image's window would show b = 1000 black.
// In time the window stays, because a change of brightness is what one looks for.
const OWN_GREYS = new Set(["echo", "b_value", "gradient", "image_type", "kernel"]);

/** Show phase `number`, from 0, where the reader is: camera, window, crosshair and frame stay. */
export function showPhase(desk: Desk, number: number, moving: boolean): void {
  const [series, from] = [desk.series.peek(), desk.stack.peek()];
  const phases = desk.phases.peek();
  const to = phases[Math.min(phases.length - 1, Math.max(0, Math.round(number)))];
  if (!series || !from || !to || to === from) return;
  const stack = desk.viewports.stack.view.peek();
  const frame = stack?.kind === "stack" ? Math.min(stack.frame, to.frames.length - 1) : 0;
  batch(() => {
    desk.stack.value = to;
    for (const viewport of Object.values(desk.viewports)) {
      const view = viewport.view.peek();
      if (view) viewport.set(moved(view, series, from, to, frame), moving);
    }
    if (desk.layout.peek() === "stack" || to.volume) return;
    openStackLayout(desk);
    desk.notice.value = to.refusal ?? "no_geometry";
  });
}

/** The same view of another phase. */
function moved(view: View, series: SeriesInfo, from: StackInfo, to: StackInfo, frame: number): View {
  if (view.kind === "volume") return { ...view, stack: to.digest };
  const look = lookAt(lookOf(view), series, from, to, frame);
  if (view.kind === "plane") return { ...view, stack: to.digest, window: look.window };
  return { ...view, stack: to.digest, frame, ...look } satisfies StackView;
}

function lookAt(look: Look, series: SeriesInfo, from: StackInfo, to: StackInfo, frame: number): Look {
  const known = look.lut === null || to.windows.some(({ lut }) => lut === look.lut);
  const kept = known ? look : { ...look, lut: null };
  return OWN_GREYS.has(to.phase?.kind ?? "") ? followed(series, from, kept, frame, frame, to) : kept;
}
