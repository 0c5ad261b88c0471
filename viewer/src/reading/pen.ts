/** What a hand draws on pictures instead of what the tools do: a lasso, a curve, a region that is measured. */

import type { Vector2 } from "../geometry/vectors";
import type { Viewport } from "./viewport";

/** Positions are canvas pixels. */
export interface Pen {
  /** Whether it draws here; elsewhere hands mean what they always do. */
  draws(viewport: Viewport): boolean;
  /** One finger or the left button went from `start` on to `at`; false where that is not for the pen. */
  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean;
  /** The hand is up. */
  lift(viewport: Viewport): void;
  /** A second finger is down: what this hand has drawn was none. */
  spoil(): void;
  tap(viewport: Viewport, at: Vector2): void;
  /** A double tap, a long press or Enter; `at` is where, if anywhere. */
  finish(viewport?: Viewport, at?: Vector2): void;
  /** Take the last point back. */
  back(): void;
  /** Take back what the hand did last with it; false where that is nothing, and undo means the pictures. */
  undo?(): boolean;
  /** Escape, or it is put away. */
  cancel(): void;
}
