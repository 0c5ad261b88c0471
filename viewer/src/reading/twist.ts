/** Two fingers that turn a flat picture: it follows them, and lies at a quarter turn when they are up. */

import { add, subtract, type Vector2 } from "../geometry/vectors";
import { pointAt, rotate, type CameraView, type Size } from "../geometry/camera";
import { isAlong } from "./moves";
import type { Viewport } from "./viewport";

const LEAST_DEGREES = 10; // a pinch is never quite straight

/** The same picture with other screen axes; what is under `at` stays there. */
function about(view: CameraView, { right, down }: CameraView, size: Size, at: Vector2): CameraView {
  const turned = { ...view, right, down } as CameraView;
  const slip = subtract(pointAt(view, size, at), pointAt(turned, size, at));
  return { ...turned, centre: add(turned.centre, slip) } as CameraView;
}

export class Twist {
  private degrees = 0;
  private from: CameraView | null = null;
  private at: Vector2 = [0, 0];

  begin(): void {
    this.degrees = 0;
    this.from = null;
  }

  /** The fingers went on by `degrees`, clockwise, about `at`, device pixels. */
  turn(viewport: Viewport, degrees: number, at: Vector2): void {
    const view = viewport.view.peek();
    if (!view || view.kind === "volume" || view.kind === "curved" || isAlong(viewport)) return;
    this.degrees += degrees;
    this.at = at;
    if (!this.from && Math.abs(this.degrees) < LEAST_DEGREES) return;
    this.from ??= view;
    viewport.set(about(view, rotate(this.from, this.degrees), viewport.size.peek(), at), true);
  }

  /** The fingers are up. */
  settle(viewport: Viewport): void {
    const { from } = this;
    const view = viewport.view.peek();
    this.from = null;
    if (!from || !view || view.kind === "curved") return;
    // From the axes before the twist, so that a quarter turn is exact and its pixels stay stored pixels.
    const axes = rotate(from, Math.round(this.degrees / 90) * 90);
    viewport.set(about(view, axes, viewport.size.peek(), this.at), true);
  }
}
