/** Turning a camera: a virtual trackball about the middle of the body, and planes about the crosshair. */

import { add, cross, dot, scale, subtract, turn, unit, type Vector3 } from "./vectors";

interface Camera {
  centre: Vector3;
  right: Vector3;
  down: Vector3;
}

/** Half a turn for a drag across the viewport's shorter side. */
const TURN = Math.PI;

/** Turn all of a camera by `angle` radians about an axis through `pivot`, which keeps its place on the screen. */
export function turned<C extends Camera>(view: C, axis: Vector3, angle: number, pivot: Vector3): C {
  const right = unit(turn(view.right, axis, angle));
  const loose = turn(view.down, axis, angle);
  const down = unit(subtract(loose, scale(right, dot(right, loose)))); // a thousand small turns must stay square
  return { ...view, right, down, centre: add(pivot, turn(subtract(view.centre, pivot), axis, angle)) };
}

/** The front of the body follows the finger by (dx, dy) parts of the viewport's shorter side. */
export function roll<C extends Camera>(view: C, dx: number, dy: number, pivot: Vector3): C {
  const size = Math.hypot(dx, dy);
  if (size === 0) return view;
  // The body turns about an axis in the screen, across the drag; the camera turns the other way.
  const axis = unit(add(scale(view.down, dx), scale(view.right, -dy)));
  return turned(view, axis, size * TURN, pivot);
}

/** The picture turns clockwise on the screen by `degrees`, as two twisting fingers ask. */
export function twist<C extends Camera>(view: C, degrees: number, pivot: Vector3): C {
  const into = unit(cross(view.right, view.down));
  return turned(view, into, (-degrees * Math.PI) / 180, pivot);
}
