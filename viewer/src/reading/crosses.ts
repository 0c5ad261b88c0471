/** The crosshair: one patient point that all planes go through, and the other planes' lines in each. */

import { batch } from "@preact/signals";
import * as camera from "../geometry/camera";
import { crosshair, handles, swept } from "../geometry/crosshair";
import * as grid from "../geometry/grid";
import { turned } from "../geometry/trackball";
import type { Vector2, Vector3 } from "../geometry/vectors";
import type { PlaneView } from "../stream/messages";
import type { Desk } from "./desk";
import type { Viewport } from "./viewport";

/** Put the cross under a screen position of one plane; the others move through that point. */
export function crossTo(desk: Desk, viewport: Viewport, at: Vector2, moving: boolean): void {
  const view = viewport.view.peek();
  const geometry = desk.geometry.value;
  if (view?.kind !== "plane" || !geometry) return;
  desk.cine.stop();
  const point = grid.inside(geometry, camera.pointAt(view, viewport.size.peek(), at));
  batch(() => {
    desk.cross.value = point;
    follow(desk, moving, viewport);
  });
}

/** Every plane goes through a patient point, linked or not: somebody wants to see it. */
export function crossToPoint(desk: Desk, wanted: Vector3): void {
  const geometry = desk.geometry.value;
  if (!geometry) return;
  desk.cine.stop();
  const point = grid.inside(geometry, wanted);
  batch(() => {
    desk.cross.value = point;
    for (const [, plane] of desk.planes) plane.set(camera.through(plane.view.peek() as PlaneView, point), false);
  });
}

/** How the crosshair and the planes lie now: called, they lie so again. */
export function remembered(desk: Desk): () => void {
  const cross = desk.cross.peek();
  const views = desk.planes.map(([, viewport]) => [viewport, viewport.view.peek()!] as const);
  return () =>
    batch(() => {
      desk.cross.value = cross;
      for (const [viewport, view] of views) viewport.set(view, false);
    });
}

function follow(desk: Desk, moving: boolean, except?: Viewport): void {
  const point = desk.cross.value;
  if (!desk.linked.value || !point) return;
  for (const [, other] of desk.planes) {
    if (other !== except) other.set(camera.through(other.view.peek() as PlaneView, point), moving);
  }
}

/** The cross of a plane and its handles, device pixels; null where none is drawn. */
export function crossOf(desk: Desk, viewport: Viewport): (ReturnType<typeof crosshair> & { handles: Vector2[] }) | null {
  const view = viewport.view.peek();
  const point = desk.cross.value;
  if (view?.kind !== "plane" || !point || !desk.linked.value) return null;
  const size = viewport.size.peek();
  const others = desk.planes
    .filter(([, other]) => other !== viewport)
    .map(([plane, other]): [typeof plane, PlaneView] => [plane, other.view.peek() as PlaneView]);
  const cross = crosshair(view, size, point, others);
  return { ...cross, handles: handles(cross, size) };
}

/** Turn the other planes about the cross, as a finger went from one screen position to another. */
export function turnCross(desk: Desk, viewport: Viewport, from: Vector2, to: Vector2): void {
  const cross = crossOf(desk, viewport);
  const point = desk.cross.peek();
  const view = viewport.view.peek();
  if (!cross || !point || view?.kind !== "plane") return;
  const angle = swept(cross.at, from, to);
  batch(() => {
    for (const [, other] of desk.planes) {
      if (other === viewport) continue;
      other.set(turned(other.view.peek() as PlaneView, camera.normal(view), angle, point), true);
    }
  });
}

export function toggleLink(desk: Desk): void {
  desk.linked.value = !desk.linked.value;
  follow(desk, false);
}
