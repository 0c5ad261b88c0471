/** A region whose values are measured: drawn on a frame of a stack or on a plane, and never told of another picture. */

import { effect, signal } from "@preact/signals";
import { pointAt, screenOf, type Size } from "../geometry/camera";
import { areaOf, thinned } from "../geometry/lasso";
import { normal } from "../geometry/camera";
import { dot, type Vector, type Vector2 } from "../geometry/vectors";
import type { Measured, PlaneView, StackView, View } from "../stream/messages";
import type { Desk } from "./desk";
import type { Pen } from "./pen";
import type { Role, Viewport } from "./viewport";

export type Shape = "ellipse" | "polygon";
type Flat = StackView | PlaneView;

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

const MOST_CORNERS = 256;
const LEAST_AREA_PX = 16;

export const region = signal<Region | null>(null);
/** What is being drawn: canvas pixels. */
export const sketch = signal<{ role: Role; shape: Shape; points: readonly Vector2[] } | null>(null);

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

async function ask(viewport: Viewport, asked: Region): Promise<void> {
  const drawn = viewport.drawn.peek();
  if (!drawn || !isFlat(drawn.view)) return;
  const { view, frame } = drawn;
  const [width, height] = [frame.full_width, frame.full_height];
  const values = valuesOf(view);
  const pending: Region = { ...asked, answer: null };
  region.value = pending;
  const corners = cornersOn(asked.corners, view, { width, height });
  const said = await viewport.ask<Measured>({ t: "measure", width, height, shape: asked.shape, corners, view });
  if (region.peek() === pending) region.value = { ...pending, answer: { values, said } };
}

const watched = new WeakSet<Desk>();

/** Of another picture it is dropped; where the same place is drawn otherwise it is measured again. */
export function watch(desk: Desk): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  for (const viewport of Object.values(desk.viewports)) {
    effect(() => {
      const drawn = viewport.drawn.value;
      const now = region.peek();
      if (!now || now.role !== viewport.role) return;
      if (!drawn || !isFlat(drawn.view) || placeOf(drawn.view) !== now.place) region.value = null;
      else if (drawn.frame.final && now.answer && now.answer.values !== valuesOf(drawn.view)) void ask(viewport, now);
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

export class RegionPen implements Pen {
  readonly drags = true;
  private freehand = false;

  constructor(
    private readonly desk: Desk,
    readonly shape: Shape,
  ) {
    watch(desk);
  }

  draws(viewport: Viewport): boolean {
    return isFlat(viewport.view.peek());
  }

  private pointsOn({ role }: Viewport): readonly Vector2[] {
    const now = sketch.peek();
    return now?.role === role ? now.points : [];
  }

  private sketch(viewport: Viewport, points: readonly Vector2[]): void {
    region.value = null;
    sketch.value = { role: viewport.role, shape: this.shape, points };
  }

  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean {
    if (this.shape === "ellipse") this.sketch(viewport, [start, at]);
    else {
      const before = this.freehand ? this.pointsOn(viewport) : [start];
      this.sketch(viewport, [...before, at]);
    }
    this.freehand = true;
    return true;
  }

  lift(): void {
    if (this.freehand) this.finish();
    this.freehand = false;
  }

  spoil(): void {
    sketch.value = null;
    this.freehand = false;
  }

  tap(viewport: Viewport, at: Vector2): void {
    if (this.shape === "polygon") this.sketch(viewport, [...this.pointsOn(viewport), at]);
  }

  back(): boolean {
    const now = sketch.peek();
    if (now) sketch.value = now.points.length > 1 ? { ...now, points: now.points.slice(0, -1) } : null;
    return now !== null;
  }

  finish(): void {
    const now = sketch.peek();
    const viewport = now && this.desk.viewports[now.role];
    const drawn = viewport?.drawn.peek();
    sketch.value = null;
    if (!now || !viewport || !drawn || !isFlat(drawn.view)) return;
    const { view, frame } = drawn;
    const all = now.points.map((point) => viewport.pixelAt(point, frame));
    const pixels = now.shape === "ellipse" ? all : thinned(all, 1, MOST_CORNERS);
    if (areaOfShape(now.shape, pixels) < LEAST_AREA_PX) return;
    const size = { width: frame.full_width, height: frame.full_height };
    const corners = pixels.map((pixel) => pointAt(view, size, pixel) as Vector);
    this.put();
    void ask(viewport, { role: now.role, shape: now.shape, corners, place: placeOf(view), answer: null });
  }

  private put(): void {
    if (this.desk.pen.peek() === this) this.desk.pen.value = null;
  }

  cancel(): void {
    this.spoil();
    this.put();
  }
}

function areaOfShape(shape: Shape, pixels: readonly Vector2[]): number {
  const [a, b] = pixels;
  if (shape === "polygon") return pixels.length < 3 ? 0 : areaOf(pixels);
  return a && b ? Math.abs((b[0] - a[0]) * (b[1] - a[1])) : 0;
}
