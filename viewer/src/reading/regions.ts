/** A region whose values are measured: drawn on a frame of a stack or on a plane, and never told of another picture. */

import { effect, signal, untracked } from "@preact/signals";
import { normal, screenOf, type Size } from "../geometry/camera";
import { dot, type Vector, type Vector2 } from "../geometry/vectors";
import type { Measured, PlaneView, StackView, View } from "../stream/messages";
import type { Desk } from "./desk";
import type { Role, Viewport } from "./viewport";

export type Shape = "ellipse" | "polygon";
export type Flat = StackView | PlaneView;

export interface Region {
  role: Role;
  shape: Shape;
  /** In the view's own space: of an ellipse two opposite corners of its box, of a polygon all. */
  corners: readonly Vector[];
  /** What picture it was drawn on. */
  place: string;
  /** Of which picture the answer is; null while it is on its way. */
  answer: { values: string; said: Measured | null } | null;
}

export const region = signal<Region | null>(null);

export const isFlat = (view: View | null | undefined): view is Flat => view?.kind === "stack" || view?.kind === "plane";

const near = (...numbers: number[]): string => numbers.map((value) => value.toFixed(4)).join(" ");

/** Where a picture lies: as long as this is the same a region is at the same place of the same images. */
export function placeOf(view: Flat): string {
  const depth = view.kind === "stack" ? String(view.frame) : near(dot(view.centre, normal(view)));
  return `${view.series} ${view.stack} ${depth} ${near(...view.right, ...view.down)}`;
}

/** Which values are measured of it, and at which pixels; greys are no part of it, and no filter is. */
export function valuesOf(view: Flat): string {
  const { window: _, invert: __, filter: ___, ...rest } = view;
  return JSON.stringify({ ...rest, lut: undefined, overlays: undefined, shutter: undefined });
}

/** The corners on a picture of the same place, its pixels. */
export const cornersOn = (corners: readonly Vector[], view: Flat, size: Size): Vector2[] =>
  corners.map((corner) => screenOf(view, size, corner as never));

/** Have a region measured on the picture that is on the screen. */
export async function ask(viewport: Viewport, asked: Region): Promise<void> {
  const drawn = viewport.drawn.peek();
  if (!drawn || !isFlat(drawn.view)) return;
  const { view, frame } = drawn;
  const [width, height] = [frame.full_width, frame.full_height];
  const values = valuesOf(view);
  const pending: Region = { ...asked, answer: null };
  region.value = pending;
  const corners = cornersOn(asked.corners, view, { width, height });
  const said = await viewport.ask<Measured>({ t: "measure", width, height, shape: asked.shape, corners, view });
  if (region.peek() !== pending) return;
  region.value = { ...pending, answer: { values, said } };
  review(viewport); // the picture may have gone on meanwhile
}

/** Of another picture it is dropped; where the same place is drawn otherwise it is measured again. */
function review(viewport: Viewport): void {
  const drawn = viewport.drawn.peek();
  const now = region.peek();
  if (!now || now.role !== viewport.role) return;
  if (!drawn || !isFlat(drawn.view) || placeOf(drawn.view) !== now.place) region.value = null;
  else if (drawn.frame.final && now.answer && now.answer.values !== valuesOf(drawn.view)) void ask(viewport, now);
}

/** Ask again where the server has not answered. */
export function retry(desk: Desk): void {
  const now = region.peek();
  if (now?.answer?.said === null) void ask(desk.viewports[now.role], now);
}

const watched = new WeakSet<Desk>();

/** Look after the region of this desk. */
export function watch(desk: Desk): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  for (const viewport of Object.values(desk.viewports)) {
    effect(() => {
      void viewport.drawn.value;
      untracked(() => review(viewport));
    });
  }
}

/** How what is measured differs from what is seen: no filter is in it, and nothing that labels hide. */
export function caveatsOf(view: View): ("unfiltered" | "without_hidden")[] {
  const hidden = view.kind === "plane" && view.labels?.styles?.some(({ shown }) => shown === false);
  return [...(view.filter ? (["unfiltered"] as const) : []), ...(hidden ? (["without_hidden"] as const) : [])];
}

/** The numbers of a region, if they are those of the picture that is on the screen. */
export function numbersOf(now: Region, drawn: { view: View } | null): Measured | null {
  if (!drawn || !isFlat(drawn.view) || now.answer?.values !== valuesOf(drawn.view)) return null;
  return now.answer.said;
}
