/** The linked crosshair: in each plane, the lines in which the other two planes cut it. */

import { normal, screenOf, type Size } from "./camera";
import type { Plane } from "./grid";
import { cross, dot, length, unit, type Vector2, type Vector3 } from "./vectors";

interface Camera {
  centre: Vector3;
  right: Vector3;
  down: Vector3;
  extent_mm: number;
}

export interface Line {
  plane: Plane;
  /** A unit vector on the screen. */
  along: Vector2;
}

/** Where the cross stands in `view` and along which directions the other planes cut it. */
export function crosshair(
  view: Camera,
  size: Size,
  point: Vector3,
  others: [Plane, { right: Vector3; down: Vector3 }][],
): { at: Vector2; lines: Line[] } {
  const lines: Line[] = [];
  for (const [plane, other] of others) {
    const direction = cross(normal(view), normal(other));
    if (length(direction) < 1e-6) continue; // parallel planes do not cut each other
    lines.push({ plane, along: unit([dot(direction, view.right), dot(direction, view.down)]) });
  }
  return { at: screenOf(view, size, point), lines };
}
