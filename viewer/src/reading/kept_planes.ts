/** Planes that a reader keeps under names while the page is open: how they lie, how large they are, which slab. */

import { signal } from "@preact/signals";
import type { Plane } from "../geometry/grid";
import type { Vector3 } from "../geometry/vectors";
import type { PlaneView } from "../stream/messages";
import { spaceOf } from "./courses";
import { crossToPoint } from "./crosses";
import type { Desk } from "./desk";
import { openMpr } from "./opening";

type Lie = Pick<PlaneView, "centre" | "right" | "down" | "extent_mm" | "projection" | "thickness_mm">;

export interface KeptPlane {
  id: number;
  name: string;
  space: string;
  role: Plane;
  lie: Lie;
  cross: Vector3 | null;
}

export const planes = signal<readonly KeptPlane[]>([]);
let ids = 0;

export const planesHere = (desk: Desk): KeptPlane[] => planes.value.filter(({ space }) => space === spaceOf(desk));

/** Keep the active plane; false where none is active. */
export function keepPlane(desk: Desk, name: string): boolean {
  const { role, view } = desk.activeViewport.peek();
  const now = view.peek();
  if (now?.kind !== "plane" || (role !== "axial" && role !== "coronal" && role !== "sagittal")) return false;
  const { centre, right, down, extent_mm, projection, thickness_mm } = now;
  desk.leaving.add(forget);
  ids += 1;
  const lie = { centre, right, down, extent_mm, projection, thickness_mm };
  const kept = { id: ids, name: name.trim().slice(0, 40), space: spaceOf(desk), role, lie, cross: desk.cross.peek() };
  planes.value = [...planes.peek(), kept];
  return true;
}

/** The plane again as it lay; the others go through the crosshair of then. */
export function recall(desk: Desk, { role, lie, cross }: KeptPlane): void {
  if (desk.layout.peek() !== "mpr" || desk.maximised.peek() === "volume") openMpr(desk, desk.small.peek() ? role : null);
  const viewport = desk.viewports[role];
  const view = viewport.view.peek();
  if (view?.kind !== "plane") return;
  if (desk.maximised.peek()) desk.maximised.value = role;
  desk.active.value = role;
  if (cross) crossToPoint(desk, cross);
  viewport.fitted = false;
  viewport.set({ ...view, ...lie }, false);
}

function forget(): void {
  planes.value = [];
}

/** Take a plane away. What it returns brings it back to its place in the list. */
export function forgetPlane(id: number): () => void {
  const at = planes.peek().findIndex((one) => one.id === id);
  const [gone] = planes.peek().slice(at, at + 1);
  planes.value = planes.peek().filter((one) => one.id !== id);
  return () => {
    if (gone) planes.value = [...planes.peek().slice(0, at), gone, ...planes.peek().slice(at)];
  };
}

export function renamePlane(id: number, name: string): void {
  planes.value = planes.peek().map((one) => (one.id === id ? { ...one, name: name.trim().slice(0, 40) } : one));
}
