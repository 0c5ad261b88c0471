/** A 4-D set: several Stacks of the same places, one after the other in time, by echo, by diffusion weighting … */

import { batch } from "@preact/signals";
import type { FramePlace, SeriesInfo, StackInfo } from "../api/messages";
import { cross, dot, subtract, type Vector3 } from "../geometry/vectors";
import type { StackView, View } from "../stream/messages";
import type { Desk } from "./desk";
import { labelled } from "./labelmaps";
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
const OWN_GREYS = new Set(["echo", "b_value", "gradient", "image_type", "kernel", "kvp", "thickness"]);

/** Show phase `number`, from 0, where the reader is: camera, window, crosshair and the place of the frame stay. */
export function showPhase(desk: Desk, number: number, moving: boolean): void {
  const [series, from] = [desk.series.peek(), desk.stack.peek()];
  const phases = desk.phases.peek();
  const to = phases[Math.min(phases.length - 1, Math.max(0, Math.round(number)))];
  if (!series || !from || !to || to === from) return;
  const stack = desk.viewports.stack.view.peek();
  const frame = stack?.kind === "stack" ? frameBeside(from, stack.frame, to) : 0;
  batch(() => {
    desk.stack.value = to;
    for (const viewport of Object.values(desk.viewports)) {
      const view = viewport.view.peek();
      if (view) viewport.set(labelled(moved(view, series, from, to, frame), desk.labels.peek()), moving);
    }
    if (desk.layout.peek() === "stack" || to.volume) return;
    openStackLayout(desk);
    desk.notice.value = to.refusal ?? "no_geometry";
  });
}

/** The frame of `to` that lies nearest to frame `index` of `from`, along its normal: one of them may lack images. */
export function frameBeside(from: StackInfo, index: number, to: StackInfo): number {
  const same = Math.min(index, to.frames.length - 1);
  const here = from.frames[index];
  if (!here?.position || !here.row || !here.column) return same;
  const [origin, away] = [here.position, cross(here.row, here.column)];
  const distance = ({ position }: FramePlace): number =>
    position ? Math.abs(dot(subtract(position as Vector3, origin), away)) : Infinity;
  const distances = to.frames.map(distance);
  const least = Math.min(...distances);
  // Of several at one place the same one of them.
  return Number.isFinite(least) && !(distances[same]! <= least) ? distances.indexOf(least) : same;
}

/** The same view of another phase. */
function moved(view: View, series: SeriesInfo, from: StackInfo, to: StackInfo, frame: number): View {
  const look = lookAt(lookOf(view), series, [from, view.kind === "stack" ? view.frame : 0], [to, frame]);
  if (view.kind !== "stack") return { ...view, stack: to.digest, window: look.window };
  return { ...view, stack: to.digest, frame, ...look } satisfies StackView;
}

function lookAt(look: Look, series: SeriesInfo, [from, at]: [StackInfo, number], [to, frame]: [StackInfo, number]): Look {
  const known = look.lut === null || to.windows.some(({ lut }) => lut === look.lut);
  const kept = known ? look : { ...look, lut: null };
  return OWN_GREYS.has(to.phase?.kind ?? "") ? followed(series, from, kept, at, frame, to) : kept;
}
