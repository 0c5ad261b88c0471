/**
 * A region whose values are measured: drawn on a frame of a stack or on a plane, and never told of another picture. It
 * stays with its images, and is there again when they are.
 */

import { effect, signal, untracked } from "@preact/signals";
import { normal, screenOf, type Size } from "../geometry/camera";
import { add, dot, scale, subtract, type Vector, type Vector2 } from "../geometry/vectors";
import type { Measured, PlaneView, StackView, View } from "../stream/messages";
import type { Desk } from "./desk";
import type { Role, Viewport } from "./viewport";

export type Shape = "ellipse" | "polygon";
export type Flat = StackView | PlaneView;

export interface Region {
  role: Role;
  shape: Shape;
  /** In the view's own space: of an ellipse the four corners of its box, of a polygon all. */
  corners: readonly Vector[];
  /** What picture it was drawn on. */
  place: string;
  /** Of which picture the answer is; null while it is on its way. */
  answer: { values: string; said: Measured | null } | null;
}

export const region = signal<Region | null>(null);

export const isFlat = (view: View | null | undefined): view is Flat => view?.kind === "stack" || view?.kind === "plane";

const near = (...numbers: number[]): string => numbers.map((value) => value.toFixed(4).replace(/^-(0\.0+)$/, "$1")).join(" ");

/** Which images are seen, and where they lie, whatever way they are turned: there a region is what it was. */
export function placeOf(view: Flat): string {
  const images = `${view.series} ${view.stack}`;
  if (view.kind === "stack") return `${images} ${view.frame}`;
  const across = normal(view);
  const most = across.reduce((a, b) => (Math.abs(b) > Math.abs(a) + 1e-6 ? b : a)); // seen from behind it is the same
  const [x, y, z] = scale(across, Math.sign(most));
  return `${images} ${near(dot(view.centre, [x, y, z]), x, y, z)}`;
}

/** Whether a region lies in the picture that is on the screen. */
export const isHere = (now: Region, drawn: { view: View } | null): boolean =>
  !!drawn && isFlat(drawn.view) && placeOf(drawn.view) === now.place;

/** Which values are measured of it, and at which pixels; greys are no part of it, and no filter is. */
export function valuesOf(view: Flat): string {
  const { window: _, invert: __, filter: ___, ...rest } = view;
  return JSON.stringify({ ...rest, lut: undefined, overlays: undefined, shutter: undefined });
}

/** The corners on a picture of the same place, its pixels. */
export const cornersOn = (corners: readonly Vector[], view: Flat, size: Size): Vector2[] =>
  corners.map((corner) => screenOf(view, size, corner as never));

const ROUND = 180; // corners of the polygon that stands for an ellipse which lies askew in the picture

/** What is drawn and measured of a region, pixels of a picture; of an ellipse two opposite corners of its upright box. */
export function outlineOn({ shape, corners }: Region, view: Flat, size: Size): { shape: Shape; points: Vector2[] } {
  const points = cornersOn(corners, view, size);
  const [a, b, c, d] = points as [Vector2, Vector2, Vector2, Vector2];
  if (shape === "polygon") return { shape, points };
  if (Math.min(Math.abs(b[0] - a[0]), Math.abs(b[1] - a[1])) < 0.01) return { shape, points: [a, c] };
  const middle = scale(add(a, c), 0.5);
  const [along, across] = [scale(subtract(b, a), 0.5), scale(subtract(d, a), 0.5)];
  const turned = Array.from({ length: ROUND }, (_, i): Vector2 => {
    const angle = (2 * Math.PI * i) / ROUND;
    return add(middle, add(scale(along, Math.cos(angle)), scale(across, Math.sin(angle))));
  });
  return { shape: "polygon", points: turned };
}

/** Have a region measured on the picture that is on the screen. */
export async function ask(viewport: Viewport, asked: Region): Promise<void> {
  const drawn = viewport.drawn.peek();
  if (!drawn || !isFlat(drawn.view) || !isHere(asked, drawn)) return;
  const { view, frame } = drawn;
  const [width, height] = [frame.full_width, frame.full_height];
  const values = valuesOf(view);
  const pending: Region = { ...asked, answer: null };
  region.value = pending;
  const { shape, points: corners } = outlineOn(asked, view, { width, height });
  const said = await viewport.ask<Measured>({ t: "measure", width, height, shape, corners, view });
  if (region.peek() !== pending) return;
  region.value = { ...pending, answer: { values, said } };
  review(viewport); // the picture may have gone on meanwhile
}

/** Where its place is drawn otherwise it is measured again. */
function review(viewport: Viewport): void {
  const drawn = viewport.drawn.peek();
  const now = region.peek();
  if (!now || now.role !== viewport.role || !drawn || !isFlat(drawn.view) || !isHere(now, drawn)) return;
  if (drawn.frame.final && now.answer && now.answer.values !== valuesOf(drawn.view)) void ask(viewport, now);
}

/** Ask again where the server has not answered. */
export function retry(desk: Desk): void {
  const now = region.peek();
  if (now?.answer?.said === null) void ask(desk.viewports[now.role], now);
}

const watched = new WeakSet<Desk>();

/** Look after the region of this desk, which goes with its study. */
export function watch(desk: Desk): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  desk.closing.add(() => {
    region.value = null;
  });
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
