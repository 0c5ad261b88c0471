/** What is seen under a finger: the planes go there, or a volume turns about it. The server answers; see `Pick`. */

import { batch } from "@preact/signals";
import { pointAt } from "../geometry/camera";
import { combine, type Vector2, type Vector3 } from "../geometry/vectors";
import type { Picked, View } from "../stream/messages";
import type { Desk } from "./desk";
import * as crosses from "./crosses";
import * as moves from "./moves";
import { openMpr } from "./opening";
import type { Viewport } from "./viewport";
import { windowNumber } from "./windows";

/** Whether a picture shows what lies at different depths, so that only the server knows what is under a finger. */
export const isDeep = (view: View): boolean =>
  view.kind === "volume" || view.kind === "curved" || (view.kind === "plane" && (view.thickness_mm ?? 0) > 0 && view.projection !== "mean");

const always = (): boolean => true;

/** Ask, unless the reader goes on to other images meanwhile; and say so when nobody answers. */
async function ask(desk: Desk, viewport: Viewport, at: Vector2, wanted = always): Promise<Picked | null> {
  const stack = desk.stack.peek();
  const picked = await viewport.pick(at);
  if (desk.stack.peek() !== stack || !viewport.view.peek() || !wanted()) return null;
  if (!picked) desk.toast.value = { say: (w) => w.pick_unanswered };
  return picked;
}

/** The planes go to what is seen at a screen position of a volume rendering or a slab, if that is `wanted` still. */
export async function jump(desk: Desk, viewport: Viewport, at: Vector2, wanted = always): Promise<void> {
  const picked = await ask(desk, viewport, at, wanted);
  if (!picked) return;
  if (!picked.point) {
    desk.toast.value = { say: (w) => w.nothing_there };
    return;
  }
  const { point, value } = picked;
  // Alone on the screen a volume would hide where the planes went.
  if (desk.layout.peek() !== "mpr" || desk.maximised.peek() === "volume") openMpr(desk, desk.small.peek() ? "axial" : null);
  crosses.crossToPoint(desk, point);
  const unit = desk.stack.peek()?.unit ?? "";
  const said = value === null ? "" : `${windowNumber(value)} ${unit}`.trim();
  desk.toast.value = { say: (w) => w.went_there(said) };
}

/** The volume turns about what is seen at a screen position; where nothing is, it is as it opened. */
export async function turnAbout(desk: Desk, viewport: Viewport, at: Vector2): Promise<void> {
  const picked = await ask(desk, viewport, at);
  if (!picked) return;
  if (picked.point) {
    desk.pivot.value = picked.point;
    desk.toast.value = {
      say: (w) => w.turns_about,
      offer: { label: (w) => w.reset, run: () => moves.reset(desk, viewport) },
    };
  } else moves.reset(desk, viewport);
}

/** The patient point under a screen position of a stack's frame; null where its header does not say where it lies. */
export function framePoint(desk: Desk, viewport: Viewport, at: Vector2): Vector3 | null {
  const view = viewport.view.peek();
  const place = view?.kind === "stack" ? desk.stack.peek()?.frames[view.frame] : null;
  if (view?.kind !== "stack" || !place?.position || !place.row || !place.column) return null;
  const [across, downward] = pointAt(view, viewport.size.peek(), at);
  return combine(place.position, across, place.row, downward, place.column);
}

/** The planes of a stack, through what is under a screen position of its frame or of one of the planes. */
export async function planesAt(desk: Desk, viewport: Viewport, at: Vector2): Promise<void> {
  const view = viewport.view.peek();
  if (!view) return;
  if (isDeep(view)) return jump(desk, viewport, at);
  if (view.kind === "plane") return crosses.crossTo(desk, viewport, at, false);
  const point = framePoint(desk, viewport, at);
  batch(() => {
    openMpr(desk, desk.small.peek() ? "axial" : null);
    if (point && desk.layout.peek() === "mpr") crosses.crossToPoint(desk, point);
  });
}
