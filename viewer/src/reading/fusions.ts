/** A second volume in colours over the first: which one, how it looks, and how it lies. */

import { batch } from "@preact/signals";
import type { SeriesInfo, StackInfo } from "../api/messages";
import { normal } from "../geometry/camera";
import type { Plane } from "../geometry/grid";
import { isStill, shifted, STILL, turnedAbout, type Rigid } from "../geometry/rigid";
import type { Vector2, Vector3 } from "../geometry/vectors";
import type { Fusion, Palette } from "../stream/messages";
import type { Desk } from "./desk";
import { entries } from "./phases";
import { firstLook, sane } from "./windows";

export interface Second {
  series: SeriesInfo;
  stack: StackInfo;
  /** Whether its patient space is the first's by what the headers say. */
  same_frame: boolean;
}

const sameFrame = (a: StackInfo | null, b: StackInfo): boolean =>
  !!a?.volume && !!b.volume && a.volume.frame_of_reference !== "" && a.volume.frame_of_reference === b.volume.frame_of_reference;

/** What can lie over the open stack: other modalities before the same, the same patient space before others. */
export function seconds(desk: Desk): Second[] {
  const [series, stack] = [desk.series.value, desk.stack.value];
  const all = (desk.study.value?.series ?? []).flatMap(entries);
  const found = all.flatMap(({ series: other, stacks }): Second[] => {
    const [first] = stacks;
    const itself = stack !== null && stacks.includes(stack);
    return first?.volume && !itself ? [{ series: other, stack: first, same_frame: sameFrame(stack, first) }] : [];
  });
  const rank = ({ series: other, same_frame }: Second): number => (other.modality === series?.modality ? 2 : 0) + (same_frame ? 0 : 1);
  return found.map((one, i) => ({ one, i })).sort((a, b) => rank(a.one) - rank(b.one) || a.i - b.i).map(({ one }) => one);
}

/** The fusion that the planes and the volume rendering show now. */
export function fusionOf(desk: Desk): Fusion | null {
  const { view } = desk.viewports.axial;
  return view.value?.kind === "plane" ? (view.value.fusion ?? null) : null;
}

export const secondOf = (desk: Desk, { series, stack }: Fusion): Second | null =>
  (desk.study.value?.series ?? [])
    .filter(({ id }) => id === series)
    .flatMap((one) => one.stacks.map((two) => ({ series: one, stack: two, same_frame: sameFrame(desk.stack.value, two) })))
    .find(({ stack: { digest } }) => digest === stack) ?? null;

/** Whether the two lie as their headers say, were moved by hand, or nobody knows. */
export function registration(second: Second | null, move: Rigid): "same_frame" | "by_hand" | "not_registered" {
  if (!isStill(move)) return "by_hand";
  return second?.same_frame ? "same_frame" : "not_registered";
}

function put(desk: Desk, fusion: Fusion | null, moving: boolean): void {
  batch(() => {
    for (const viewport of Object.values(desk.viewports)) {
      const view = viewport.view.peek();
      if (view && (view.kind === "plane" || view.kind === "volume")) viewport.set({ ...view, fusion }, moving);
    }
  });
}

const HOT = "HOT_IRON";
const USUAL: Record<string, string> = { PT: HOT, NM: HOT, CT: "GREY", MR: "RAINBOW" };

/** The palette to begin with, of those that the server has. */
export function firstPalette(palettes: readonly Palette[], modality: string): string {
  const wanted = USUAL[modality] ?? HOT;
  return palettes.some(({ name }) => name === wanted) ? wanted : (palettes[0]?.name ?? wanted);
}

const SUV = "g/ml";

/** Uptake is coloured from well above the background on, which keeps its greys: from 1 SUV, or a fifth of the window's end. */
export function firstWindow({ series, stack }: Second): Vector2 {
  const { window } = firstLook(series, stack);
  const [low, high] = edgesOf(window);
  if (series.modality !== "PT" && series.modality !== "NM") return window;
  const from = Math.max(low, stack.unit === SUV && high >= 2 ? 1 : high / 5);
  return from < high ? between(from, high) : window;
}

/** A window's lower edge, below which nothing is shown, and its upper. */
export const edgesOf = ([centre, width]: Vector2): Vector2 => [centre - width / 2, centre + width / 2];
const between = (low: number, high: number): Vector2 => [(low + high) / 2, high - low];

/** Show what is above this; the upper edge stays. */
export function showFrom(desk: Desk, low: number): void {
  const now = fusionOf(desk);
  const high = now && edgesOf(now.window)[1];
  if (high !== null && low < high) change(desk, { window: between(low, high) }, false);
}

export function fuse(desk: Desk, second: Second | null): void {
  if (!second) return put(desk, null, false);
  const { series, stack } = second;
  const palette = firstPalette(desk.connection.palettes.peek(), series.modality);
  put(desk, { series: series.id, stack: stack.digest, palette, window: firstWindow(second), move: STILL, opacity: 0.5 }, false);
}

export function change(desk: Desk, what: Partial<Fusion>, moving: boolean): void {
  const now = fusionOf(desk);
  if (now) put(desk, { ...now, ...what, window: sane(what.window ?? now.window) }, moving);
}

export const moveOf = (fusion: Fusion): Rigid => fusion.move ?? STILL;

/** The second volume goes on by so many millimetres of the patient: left, back, head. */
export function nudge(desk: Desk, by: Vector3): void {
  const now = fusionOf(desk);
  if (now) change(desk, { move: shifted(moveOf(now), by) }, false);
}

/** It turns in a plane about the crosshair, clockwise as that plane is seen: its normal goes away from who looks. */
export function turnSecond(desk: Desk, plane: Plane, degrees: number): void {
  const now = fusionOf(desk);
  const view = desk.viewports[plane].view.peek();
  const pivot = desk.cross.peek();
  if (now && pivot && view?.kind === "plane")
    change(desk, { move: turnedAbout(moveOf(now), normal(view), degrees, pivot) }, false);
}

export const resetMove = (desk: Desk): void => change(desk, { move: STILL }, false);
