/** What of a volume is rendered, and from how near: the clip box, planes that cut it open, perspective. */

import { signal } from "@preact/signals";
import type { Geometry } from "../api/messages";
import { around, cutAway, FACES, moved, type Face } from "../geometry/clip_box";
import { cutAt, depthOfCut, depthOfVolume, type Cut } from "../geometry/cut";
import { corners } from "../geometry/grid";
import { clamp, type Vector3 } from "../geometry/vectors";
import { MAX_CLIP_PLANES, type ClipBox, type VolumeView } from "../stream/messages";
import type { Desk } from "./desk";
import type { Viewport } from "./viewport";

export const [NARROWEST, WIDEST] = [10, 90]; // degrees, as the server takes them
const USUAL_ANGLE = 45;

/** Whether the box and its handles are drawn over the picture. What is cut away stays so without. */
export const framed = signal(true);
/** The box that was switched off last, for when it is switched on again. */
const boxes = new WeakMap<Geometry, ClipBox>();

const viewOf = (viewport: Viewport): VolumeView | null => {
  const view = viewport.view.peek();
  return view?.kind === "volume" ? view : null;
};

function change(viewport: Viewport, what: Partial<VolumeView>, moving: boolean): void {
  const view = viewOf(viewport);
  if (view) viewport.set({ ...view, ...what }, moving);
}

// ── the box ──

/** The box on, as it was when it was last on or else around everything; or off. */
export function setBox(desk: Desk, viewport: Viewport, on: boolean): void {
  const geometry = desk.geometry.peek();
  const view = viewOf(viewport);
  if (!geometry || !view) return;
  if (view.clip_box) boxes.set(geometry, view.clip_box);
  framed.value = true;
  change(viewport, { clip_box: on ? (boxes.get(geometry) ?? around(geometry)) : null }, false);
}

/** Under a thumb: the box with its handles; once it is there, the handles alone. */
export function toggleHandles(desk: Desk, viewport: Viewport): void {
  if (!viewOf(viewport)?.clip_box) setBox(desk, viewport, true);
  else framed.value = !framed.peek();
}

/** A face of `box` moved outward by `mm`; a hand says by how much since it took hold. */
export function moveFace(desk: Desk, viewport: Viewport, box: ClipBox, face: Face, mm: number, moving: boolean): void {
  const geometry = desk.geometry.peek();
  if (geometry) change(viewport, { clip_box: moved(box, face, mm, around(geometry)) }, moving);
}

/** Where a face cuts nothing away. */
export const resetFace = (desk: Desk, viewport: Viewport, box: ClipBox, face: Face): void =>
  moveFace(desk, viewport, box, face, Infinity, false);

/** What each face of a box cuts away, millimetres. */
export function cutAways(geometry: Geometry, box: ClipBox): number[] {
  const whole = around(geometry);
  return FACES.map((face) => cutAway(box, face, whole));
}

// ── planes across the viewing direction ──

/** How deep the newest plane cuts, and how deep it can as one looks now; millimetres below the volume's nearest corner. */
export function cutOf(geometry: Geometry, view: VolumeView): { depth_mm: number; most_mm: number } {
  const all = corners(geometry);
  const newest = view.clip_planes?.[view.clip_planes.length - 1];
  return { depth_mm: newest ? Math.max(0, depthOfCut(newest, all)) : 0, most_mm: depthOfVolume(view, all) };
}

/** The newest plane, or the first one, turned across the viewing direction and this deep. It then stays in the body. */
export function cutTo(desk: Desk, viewport: Viewport, depth_mm: number, moving: boolean): void {
  const geometry = desk.geometry.peek();
  const view = viewOf(viewport);
  if (!geometry || !view) return;
  const all: Vector3[] = corners(geometry);
  const cut = cutAt(view, all, clamp(depth_mm, 0, depthOfVolume(view, all)));
  change(viewport, { clip_planes: [...(view.clip_planes ?? []).slice(0, -1), cut] }, moving);
}

/** Deeper by `mm`, or less deep: a wheel. */
export function cutDeeper(desk: Desk, viewport: Viewport, mm: number): void {
  const geometry = desk.geometry.peek();
  const view = viewOf(viewport);
  if (geometry && view) cutTo(desk, viewport, cutOf(geometry, view).depth_mm + mm, true);
}

export const canCutAgain = ({ clip_planes = [] }: VolumeView): boolean =>
  clip_planes.length > 0 && clip_planes.length < MAX_CLIP_PLANES;

/** Leave the newest plane where it is; the next depth is another one's. */
export function cutAgain(desk: Desk, viewport: Viewport): void {
  const geometry = desk.geometry.peek();
  const view = viewOf(viewport);
  if (!geometry || !view || !canCutAgain(view)) return;
  const planes: Cut[] = [...view.clip_planes!, cutAt(view, corners(geometry), 0)];
  change(viewport, { clip_planes: planes }, false);
}

/** Everything is shown again: the box around all of it where there is one, and no plane. */
export function unclip(desk: Desk, viewport: Viewport): void {
  const geometry = desk.geometry.peek();
  const view = viewOf(viewport);
  if (!geometry || !view) return;
  boxes.delete(geometry);
  change(viewport, { clip_box: view.clip_box ? around(geometry) : null, clip_planes: [] }, false);
}

// ── perspective ──

/** In perspective with this opening angle, or by parallel rays; what is at the centre stays as large as it is. */
export function setPerspective(viewport: Viewport, degrees: number | null, moving: boolean): void {
  viewport.fitted = false; // to fit again would make it smaller
  change(viewport, { perspective: degrees === null ? null : clamp(degrees, NARROWEST, WIDEST) }, moving);
}

/** The rays of a projection are parallel whatever the angle. */
export function togglePerspective(viewport: Viewport): void {
  const view = viewOf(viewport);
  if (view && !view.projection) setPerspective(viewport, view.perspective ? null : USUAL_ANGLE, false);
}
