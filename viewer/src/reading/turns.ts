/** Turning and mirroring a picture, and looking at a volume rendering from another side. */

import * as camera from "../geometry/camera";
import * as grid from "../geometry/grid";
import { roll, twist } from "../geometry/trackball";
import type { Vector3 } from "../geometry/vectors";
import type { VolumeView } from "../stream/messages";
import type { Desk } from "./desk";
import { isAlong } from "./moves";
import type { Viewport } from "./viewport";

export function rotate(desk: Desk, viewport: Viewport, degrees: number): void {
  const view = viewport.view.peek();
  if (!view || isAlong(viewport)) return;
  const turned = (now: camera.CameraView): camera.CameraView => camera.rotate(now, degrees);
  viewport.set(view.kind === "volume" ? twist(view, degrees, pivot(desk, view)) : turned(view as camera.CameraView), false);
}

/** A mirrored volume rendering would show a heart on the wrong side, and a curve has its own sides: flat pictures flip. */
export function flip(viewport: Viewport, way: "horizontal" | "vertical"): void {
  const view = viewport.view.peek();
  if (!view || view.kind === "volume" || view.kind === "curved" || isAlong(viewport)) return;
  viewport.set(camera.flip(view, way), false);
}

/** What a volume turns about: the point that was chosen, or the middle of the body. */
const pivot = (desk: Desk, view: VolumeView): Vector3 => {
  const geometry = desk.geometry.value;
  return desk.pivot.peek() ?? (geometry ? grid.centre(geometry) : view.centre);
};

export function turn(desk: Desk, viewport: Viewport, dx: number, dy: number): void {
  const view = viewport.view.peek();
  if (view?.kind !== "volume") return;
  const { width, height } = viewport.size.peek();
  const side = Math.min(width, height);
  viewport.set(roll(view, dx / side, dy / side, pivot(desk, view)), true);
}

export function twistBy(desk: Desk, viewport: Viewport, degrees: number): void {
  const view = viewport.view.peek();
  if (view?.kind === "volume" && degrees) viewport.set(twist(view, degrees, pivot(desk, view)), true);
}

export function lookFrom(desk: Desk, viewport: Viewport, side: "A" | "P" | "L" | "R" | "H" | "F"): void {
  const view = viewport.view.peek();
  const geometry = desk.geometry.value;
  if (view?.kind !== "volume" || !geometry) return;
  const centre = grid.centre(geometry);
  viewport.place({ ...view, ...grid.seenFrom(geometry, side), centre }, grid.corners(geometry));
}
