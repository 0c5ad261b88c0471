/** What a hand draws on pictures instead of what the tools do: a lasso, a curve, a region that is measured. */

import type { Vector2 } from "../geometry/vectors";
import type { Viewport } from "./viewport";

/** Positions are canvas pixels. */
export interface Pen {
  /** Whether it draws here; elsewhere hands mean what they always do. */
  draws(viewport: Viewport): boolean;
  /** Whether every drag is its own, so that no tool is beside it. */
  readonly drags: boolean;
  /** What it drew last is still being made: a hand that comes down now draws nothing, and moves nothing. */
  readonly busy?: boolean;
  /** One finger or the left button went from `start` on to `at`; false where that is not for the pen. */
  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean;
  /** The hand is up. */
  lift(viewport: Viewport): void;
  /** A second finger is down, or the touch was taken away: what this hand has drawn was none. */
  spoil(): void;
  tap(viewport: Viewport, at: Vector2): void;
  /** A double tap, a long press or Enter; `at` is where, if anywhere. */
  finish(viewport?: Viewport, at?: Vector2): void;
  /** Take the last point back; whether there was one. */
  back(): boolean;
  /** Take back what the hand did last with it, where that is more than `back`; false: nothing, undo means the pictures. */
  undo?(): boolean;
  /** Escape, or it is put away. */
  cancel(): void;
}
