/** The pen that draws a region. What it has drawn belongs to the images, not to the screen: a zoom takes it along. */

import { signal } from "@preact/signals";
import { pointAt } from "../geometry/camera";
import { areaOf, thinned } from "../geometry/lasso";
import type { Vector, Vector2 } from "../geometry/vectors";
import type { Desk } from "./desk";
import type { Pen } from "./pen";
import { cornersOn, isFlat, keep, placeOf, watch, type Flat, type Shape } from "./regions";
import type { Role, Viewport } from "./viewport";

const MOST_CORNERS = 256;
const LEAST_AREA_PX = 16;
const TAP_PX = 8; // CSS pixels: a hand that comes no farther has tapped

/** What is being drawn, in the view's own space; it is seen where its place is. */
export interface Sketch {
  role: Role;
  shape: Shape;
  place: string;
  /** Of a polygon that is set corner by corner. */
  corners: readonly Vector[];
  /** What the hand that is down has drawn: an ellipse's two corners, the next corner, or a line in one go. */
  hand: readonly Vector[];
}
export const sketch = signal<Sketch | null>(null);

/** The picture that a hand sees. */
function seen(viewport: Viewport): { view: Flat; place: string; pixels(points: readonly Vector[]): Vector2[]; corner(pixel: Vector2): Vector; point(at: Vector2): Vector } | null {
  const drawn = viewport.drawn.peek();
  if (!drawn || !isFlat(drawn.view)) return null;
  const { view, frame } = drawn;
  const size = { width: frame.full_width, height: frame.full_height };
  return {
    view,
    place: placeOf(view),
    pixels: (points) => cornersOn(points, view, size),
    corner: (pixel) => pointAt(view, size, pixel),
    point: (at) => pointAt(view, size, viewport.pixelAt(at, frame)),
  };
}

/** All corners of the box between two opposite ones. */
const boxOf = ([[x, y], [u, v]]: [Vector2, Vector2]): Vector2[] => [[x, y], [u, y], [u, v], [x, v]];

function area(shape: Shape, pixels: readonly Vector2[]): number {
  const [a, b] = pixels;
  if (shape === "polygon") return pixels.length < 3 ? 0 : areaOf(pixels);
  return a && b ? Math.abs((b[0] - a[0]) * (b[1] - a[1])) : 0;
}

export class RegionPen implements Pen {
  readonly drags = true;
  /** Where the hand that is down began; null while none draws. */
  private place: string | null = null;

  constructor(
    private readonly desk: Desk,
    readonly shape: Shape,
  ) {
    watch(desk);
  }

  draws(viewport: Viewport): boolean {
    return isFlat(viewport.view.peek());
  }

  private begun({ role }: Viewport, place: string): Sketch {
    const now = sketch.peek();
    return now?.role === role && now.place === place ? now : { role, shape: this.shape, place, corners: [], hand: [] };
  }

  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean {
    const picture = seen(viewport);
    if (!picture) return true;
    this.place ??= picture.place;
    if (this.place !== picture.place) return this.spoilHand(); // other images came below the hand
    const now = this.begun(viewport, picture.place);
    const [first = picture.point(start), ...line] = now.hand;
    const to = picture.point(at);
    const hand = this.shape === "ellipse" ? [first, to] : now.corners.length ? [to] : [first, ...line, to];
    sketch.value = { ...now, hand };
    return true;
  }

  /** An ellipse is done, and a line in one go; else the hand has set a corner where it left. */
  lift(viewport: Viewport): void {
    const [now, picture] = [sketch.peek(), seen(viewport)];
    this.place = null;
    if (!now?.hand.length || now.role !== viewport.role) return;
    if (picture?.place !== now.place) return void this.spoilHand();
    const last = now.hand[now.hand.length - 1]!;
    const tapped = this.shape === "polygon" && (now.corners.length > 0 || this.isShort(viewport, picture.pixels(now.hand)));
    if (tapped) sketch.value = { ...now, corners: [...now.corners, last], hand: [] };
    else if (!this.measure(viewport, now.hand)) this.spoilHand();
  }

  private isShort({ density, stretch }: Viewport, [first, ...others]: readonly Vector2[]): boolean {
    const far = (TAP_PX * density) / stretch;
    return others.every(([x, y]) => Math.hypot(x - first![0], y - first![1]) < far);
  }

  /** What this hand has drawn was none; the corners that stood before it stay. */
  private spoilHand(): true {
    const now = sketch.peek();
    if (now?.hand.length) sketch.value = now.corners.length ? { ...now, hand: [] } : null;
    return true;
  }

  spoil(): void {
    this.spoilHand();
    this.place = null;
  }

  tap(viewport: Viewport, at: Vector2): void {
    const picture = seen(viewport);
    if (this.shape !== "polygon" || !picture) return;
    const now = this.begun(viewport, picture.place);
    sketch.value = { ...now, corners: [...now.corners, picture.point(at)] };
  }

  back(): boolean {
    const now = sketch.peek();
    if (!now?.corners.length) return false;
    sketch.value = now.corners.length > 1 ? { ...now, corners: now.corners.slice(0, -1) } : null;
    return true;
  }

  /** Corners that hold no area yet stay, and wait for others. */
  finish(): void {
    const now = sketch.peek();
    if (now) this.measure(this.desk.viewports[now.role], now.corners);
  }

  /** Have what is drawn measured, if it holds an area of the picture that is seen. */
  private measure(viewport: Viewport, points: readonly Vector[]): boolean {
    const picture = seen(viewport);
    const place = sketch.peek()?.place;
    if (!picture || picture.place !== place) return false;
    const all = picture.pixels(points);
    if (area(this.shape, all) < LEAST_AREA_PX) return false;
    const pixels = this.shape === "ellipse" ? boxOf(all as [Vector2, Vector2]) : thinned(all, 1, MOST_CORNERS);
    if (pixels.length < 3) return false;
    this.cancel();
    keep(viewport, { shape: this.shape, corners: pixels.map(picture.corner), place });
    return true;
  }

  cancel(): void {
    sketch.value = null;
    if (this.desk.pen.peek() === this) this.desk.pen.value = null;
  }
}
