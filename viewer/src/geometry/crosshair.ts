/** The linked crosshair: in each plane, the lines in which the other two planes cut it. */

import { normal, screenOf, type Size } from "./camera";
import type { Plane } from "./grid";
import { cross, dot, length, unit, type Vector2, type Vector3 } from "./vectors";

/** How far from the cross its handles stand, parts of the viewport's shorter side. */
const HANDLE = 0.36;

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

/** Where a line can be taken hold of to turn the plane that it stands for: one point on each side of the cross. */
export function handles({ at, lines }: { at: Vector2; lines: Line[] }, size: Size): Vector2[] {
  const far = HANDLE * Math.min(size.width, size.height);
  return lines.flatMap(({ along: [u, v] }) =>
    [far, -far].map((reach): Vector2 => [at[0] + reach * u, at[1] + reach * v]),
  );
}

/** The angle by which a finger went about the cross, radians, clockwise on the screen, between half a turn each way. */
export function swept(at: Vector2, from: Vector2, to: Vector2): number {
  const angle = Math.atan2(to[1] - at[1], to[0] - at[0]) - Math.atan2(from[1] - at[1], from[0] - at[0]);
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
