/** The slab of a plane: how thick, and which value along it is shown. */

import { clamp } from "../geometry/vectors";
import type { PlaneView } from "../stream/messages";
import type { Viewport } from "./viewport";

export type Projection = NonNullable<PlaneView["projection"]>;
export const SLAB_MM = 20;
export const MAX_SLAB_MM = 100;

export function setThickness(viewport: Viewport, thickness_mm: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind !== "plane" && view?.kind !== "curved") return;
  viewport.set({ ...view, thickness_mm: clamp(Math.round(thickness_mm), 0, MAX_SLAB_MM) }, moving);
}

export function addThickness(viewport: Viewport, millimetres: number, moving: boolean): void {
  const view = viewport.view.peek();
  if (view?.kind === "plane" || view?.kind === "curved") setThickness(viewport, (view.thickness_mm ?? 0) + millimetres, moving);
}

/** Choosing a projection of a thin plane means that a slab is wanted. */
export function setProjection(viewport: Viewport, projection: Projection): void {
  const view = viewport.view.peek();
  if (view?.kind !== "plane" && view?.kind !== "curved") return;
  viewport.set({ ...view, projection, thickness_mm: view.thickness_mm || SLAB_MM }, false);
}

export function toggleSlab(viewport: Viewport): void {
  const view = viewport.view.peek();
  if (view?.kind === "plane" || view?.kind === "curved") setThickness(viewport, view.thickness_mm ? 0 : SLAB_MM, false);
}
