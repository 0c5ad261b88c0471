/**
 * Regions whose values are measured: drawn on a frame of a stack or on a plane, and never told of another picture. They
 * stay with their images, and are there again when these are.
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
  id: number;
  role: Role;
  shape: Shape;
  /** In the view's own space: of an ellipse the four corners of its box, of a polygon all. */
  corners: readonly Vector[];
  /** What picture it was drawn on. */
  place: string;
  /** Of which picture the answer is; null while it is on its way. */
  answer: { values: string; said: Measured | null } | null;
}

const MOST_REGIONS = 20;

export const regions = signal<readonly Region[]>([]);
let ids = 0;
/** Viewports whose question is not answered yet. */
const asking = new WeakSet<Viewport>();

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

/** Those that lie in the picture of a viewport. */
export const regionsIn = (viewport: Viewport): Region[] =>
  regions.value.filter((one) => one.role === viewport.role && isHere(one, viewport.drawn.value));

/** What a region is called where there are several. */
export const numberOf = (one: Region): number => regions.value.indexOf(one) + 1;

/** Keep one that was drawn, and have it measured. Of too many the oldest goes. */
export function keep(viewport: Viewport, drawn: Omit<Region, "id" | "role" | "answer">): void {
  ids += 1;
  regions.value = [...regions.peek(), { ...drawn, id: ids, role: viewport.role, answer: null }].slice(-MOST_REGIONS);
  void review(viewport);
}

export function remove({ id }: Region): void {
  regions.value = regions.peek().filter((one) => one.id !== id);
}

/** Ask again where the server has not answered. */
export function retry(desk: Desk, one: Region): void {
  if (one.answer?.said !== null) return;
  put(one.id, null);
  void review(desk.viewports[one.role]);
}

function put(id: number, answer: Region["answer"]): void {
  regions.value = regions.peek().map((one) => (one.id === id ? { ...one, answer } : one));
}

/** Measure what the still on the screen shows otherwise, one after the other: the server answers the newest question. */
async function review(viewport: Viewport): Promise<void> {
  const drawn = viewport.drawn.peek();
  if (asking.has(viewport) || !drawn || !isFlat(drawn.view)) return;
  const { view, frame } = drawn;
  const [width, height, values] = [frame.full_width, frame.full_height, valuesOf(view)];
  const due = ({ answer }: Region): boolean => !answer || (frame.final && answer.values !== values);
  const next = regions.peek().find((one) => one.role === viewport.role && isHere(one, drawn) && due(one));
  if (!next) return;
  asking.add(viewport);
  put(next.id, null);
  const { shape, points: corners } = outlineOn(next, view, { width, height });
  const said = await viewport.ask<Measured>({ t: "measure", width, height, shape, corners, view });
  asking.delete(viewport);
  put(next.id, { values, said });
  void review(viewport); // the picture may have gone on meanwhile, and others wait
}

const watched = new WeakSet<Desk>();

/** Look after the regions of this desk, which go with their study. */
export function watch(desk: Desk): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  desk.closing.add(() => {
    regions.value = [];
  });
  for (const viewport of Object.values(desk.viewports)) {
    effect(() => {
      void viewport.drawn.value;
      untracked(() => void review(viewport));
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
