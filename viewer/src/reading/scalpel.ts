/** The scalpel: a lasso over a picture, and what lies behind it or around it, through the whole volume, is cut away. */

import { signal } from "@preact/signals";
import { areaOf, eyeOf, inPlane, thinned } from "../geometry/lasso";
import type { Size } from "../geometry/camera";
import type { Vector2 } from "../geometry/vectors";
import type { Cut, Edited, PlaneView, VolumeView } from "../stream/messages";
import type { Desk } from "./desk";
import { CUT, CUT_AWAY, styleOf } from "./label_looks";
import { edit, isBusy, stylesHere } from "./labels";
import type { Pen } from "./pen";
import type { Role, Viewport } from "./viewport";

const MOST_CORNERS = 512;
const LEAST_APART_PX = 2;
const LEAST_AREA_PX = 60; // less was a tap

/** What is being drawn: canvas pixels of this viewport, and the picture that they began on. */
export const stroke = signal<{ role: Role; points: readonly Vector2[]; on: string } | null>(null);
/** Cut what lies within the lasso, or all around it. */
export const inside = signal(true);

/** A lasso over the picture of a view as an edit: corners in millimetres, rays as the picture has them. */
export function cutOf(view: PlaneView | VolumeView, size: Size, pixels: readonly Vector2[], within: boolean): Cut {
  const { centre, right, down } = view;
  const eye = view.kind === "volume" ? eyeOf(view) : null;
  return { kind: "cut", centre, right, down, lasso: inPlane(view, size, pixels), label: CUT, eye, inside: within, only: null };
}

/** What a lasso on a picture goes by: where it is seen from, and in which size. */
function seenFrom(viewport: Viewport): string {
  const view = viewport.drawn.peek()?.view;
  if (view?.kind !== "plane" && view?.kind !== "volume") return "";
  const { stack, centre, right, down, extent_mm } = view;
  return JSON.stringify([stack, centre, right, down, extent_mm, view.kind === "volume" && view.perspective, viewport.size.peek()]);
}

export class Scalpel implements Pen {
  readonly drags = true;

  constructor(
    private readonly desk: Desk,
    /** Told how each cut ended. */
    private readonly done: (answer: Edited | null) => void,
  ) {}

  draws(viewport: Viewport): boolean {
    const kind = viewport.view.peek()?.kind;
    return kind === "plane" || kind === "volume";
  }

  get busy(): boolean {
    return isBusy(this.desk);
  }

  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean {
    const { role } = viewport;
    const now = stroke.peek();
    const { points, on } = now?.role === role ? now : { points: [start], on: seenFrom(viewport) };
    stroke.value = { role, points: [...points, at], on };
    return true;
  }

  lift(viewport: Viewport): void {
    const drawn = stroke.peek();
    const seen = viewport.drawn.peek();
    if (!drawn || drawn.role !== viewport.role) return;
    stroke.value = null;
    const view = seen?.view;
    if (!seen || !view || (view.kind !== "plane" && view.kind !== "volume")) return;
    if (drawn.on !== seenFrom(viewport)) return; // a wheel or a key has moved the picture below the hand
    const pixels = drawn.points.map((point) => viewport.pixelAt(point, seen.frame));
    const corners = thinned(pixels, LEAST_APART_PX, MOST_CORNERS);
    if (corners.length < 3 || areaOf(corners) < LEAST_AREA_PX) return;
    const size = { width: seen.frame.full_width, height: seen.frame.full_height };
    void edit(this.desk, cutOf(view, size, corners, inside.peek()), CUT_AWAY).then(this.done);
  }

  spoil(): void {
    stroke.value = null;
  }

  tap(): void {
    this.spoil();
  }

  finish(): void {
    this.spoil();
  }

  /** A cut is taken back by undo. */
  back(): boolean {
    return false;
  }

  cancel(): void {
    this.spoil();
    if (this.desk.pen.peek() === this) this.desk.pen.value = null;
  }
}

/** The next tap says which part of a label is kept: what is not connected with it loses the label. */
export class Keeper implements Pen {
  readonly drags = false;

  constructor(
    private readonly desk: Desk,
    readonly label: number,
    private readonly done: (answer: Edited | null) => void,
    /** The point that a tap means; null where nothing is. */
    private readonly pointAt: (viewport: Viewport, at: Vector2) => Promise<[number, number, number] | null>,
  ) {}

  draws(viewport: Viewport): boolean {
    const kind = viewport.view.peek()?.kind;
    return kind === "plane" || kind === "volume";
  }

  /** Hands may go on looking for the place. */
  drag(): boolean {
    return false;
  }

  lift(): void {}
  spoil(): void {}
  back(): boolean {
    return false;
  }

  tap(viewport: Viewport, at: Vector2): void {
    if (isBusy(this.desk)) return;
    void this.pointAt(viewport, at).then((point) => {
      if (!point || this.desk.pen.peek() !== this) return;
      this.cancel();
      const style = styleOf(stylesHere(this.desk), this.label);
      if (style) void edit(this.desk, { kind: "keep", point, label: this.label, other: 0 }, style).then(this.done);
    });
  }

  finish(viewport?: Viewport, at?: Vector2): void {
    if (viewport && at) this.tap(viewport, at);
  }

  cancel(): void {
    if (this.desk.pen.peek() === this) this.desk.pen.value = null;
  }
}
