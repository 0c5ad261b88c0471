/** What a long press or a right click offers: everything that can be done at this place or to this picture. */

import type { Vector2 } from "../geometry/vectors";
import { menuWords } from "../words/menu";
import type { Words } from "../words/words";
import { pressMpr, undo } from "./commands";
import type { Desk } from "./desk";
import * as crosses from "./crosses";
import * as looks from "./looks";
import * as moves from "./moves";
import { isAlong } from "./moves";
import * as slabs from "./slabs";
import * as turns from "./turns";
import { openMpr, openStackLayout } from "./opening";
import { planesAt, turnAbout } from "./picking";
import type { Viewport } from "./viewport";
import { hasWindow, windowChoices } from "./windows";

export interface MenuItem {
  id: string;
  label(words: Words): string;
  /** For what is on or off. */
  on?: boolean;
  run(): void;
}

/** The groups of a viewport's menu, asked for at a canvas position. Empty while nothing is shown. */
export function menuOf(desk: Desk, viewport: Viewport, at: Vector2): MenuItem[][] {
  if (!viewport.view.peek()) return [];
  const groups = [here(desk, viewport, at), picture(desk, viewport), layout(desk), windows(desk, viewport)];
  return groups.filter((group) => group.length > 0);
}

function here(desk: Desk, viewport: Viewport, at: Vector2): MenuItem[] {
  const kind = viewport.view.peek()!.kind;
  if (!desk.stack.peek()?.volume) return [];
  const items: MenuItem[] = [
    {
      id: "here",
      label: () => (kind === "plane" ? menuWords.value.cross_here : menuWords.value.mpr_here),
      run: () => void planesAt(desk, viewport, at),
    },
  ];
  if (kind === "volume") {
    items.push({ id: "turn-here", label: () => menuWords.value.turn_here, run: () => void turnAbout(desk, viewport, at) });
  }
  return items;
}

function picture(desk: Desk, viewport: Viewport): MenuItem[] {
  const view = viewport.view.peek()!;
  const items: MenuItem[] = [
    { id: "reset", label: (w) => w.reset, run: () => moves.reset(desk, viewport) },
    { id: "fit", label: (w) => w.fit, run: () => moves.fit(desk, viewport) },
  ];
  if (!isAlong(viewport)) {
    items.push(
      { id: "rotate-right", label: (w) => w.rotate_right, run: () => turns.rotate(desk, viewport, 90) },
      { id: "rotate-left", label: (w) => w.rotate_left, run: () => turns.rotate(desk, viewport, -90) },
    );
  }
  if (view.kind !== "volume" && !isAlong(viewport)) {
    items.push(
      { id: "flip-horizontal", label: (w) => w.flip_horizontal, run: () => turns.flip(viewport, "horizontal") },
      { id: "flip-vertical", label: (w) => w.flip_vertical, run: () => turns.flip(viewport, "vertical") },
    );
  }
  if (hasWindow(view)) {
    items.push({ id: "invert", label: (w) => w.invert, on: view.invert ?? false, run: () => looks.invert(desk) });
  }
  if (view.kind === "volume") return items;
  if (view.kind !== "stack") {
    const on = (view.thickness_mm ?? 0) > 0;
    items.push({ id: "slab", label: () => menuWords.value.slab_mip, on, run: () => slabs.toggleSlab(viewport) });
    items.push({ id: "link", label: (w) => w.link, on: desk.linked.peek(), run: () => crosses.toggleLink(desk) });
    return items;
  }
  items.push({ id: "original-pixels", label: (w) => w.original_pixels, run: () => moves.originalPixels(desk, viewport) });
  for (const cover of ["overlays", "shutter"] as const) {
    if (!desk.stack.peek()?.[cover]) continue;
    const on = view[cover] !== false;
    items.push({ id: cover, label: (w) => w[cover], on, run: () => looks.toggleCover(desk, cover) });
  }
  return items;
}

function windows(desk: Desk, viewport: Viewport): MenuItem[] {
  const view = viewport.view.peek()!;
  const [series, stack] = [desk.series.peek(), desk.stack.peek()];
  if (!hasWindow(view) || !series || !stack) return [];
  return windowChoices(series, stack, view.kind === "stack" ? view.frame : null).map(({ id, name, window, lut }) => ({
    id: `window-${id}`,
    label: (w) => w.windows[id] ?? name ?? w.windows.header!,
    on: window[0] === view.window[0] && window[1] === view.window[1],
    run: () => looks.setWindow(desk, window, false, lut),
  }));
}

function layout(desk: Desk): MenuItem[] {
  const [mpr, alone] = [desk.layout.peek() === "mpr", desk.maximised.peek()];
  const items: MenuItem[] = [];
  if (mpr) items.push({ id: "layout-stack", label: (w) => w.layout_stack, run: () => openStackLayout(desk) });
  if (desk.stack.peek()?.volume) {
    if (!mpr || alone === "volume") {
      items.push({ id: "layout-mpr", label: () => "MPR", run: () => pressMpr(desk, desk.small.peek()) });
    }
    if (alone !== "volume") {
      items.push({ id: "layout-volume", label: (w) => w.volume_rendering, run: () => openMpr(desk, "volume") });
    }
  }
  const shown = desk.active.peek();
  if (mpr) {
    items.push({
      id: "maximise",
      label: (w) => (alone ? w.layout_grid : menuWords.value.maximise_this),
      run: () => (desk.maximised.value = alone ? null : shown),
    });
  }
  items.push({ id: "texts", label: () => menuWords.value.corner_texts, on: desk.texts.peek(), run: () => (desk.texts.value = !desk.texts.peek()) });
  if (desk.history.undoable) items.push({ id: "undo", label: (w) => w.undo, run: () => undo(desk) });
  items.push({ id: "help", label: (w) => w.help, run: () => (desk.sheet.value = "help") });
  items.push({ id: "settings", label: (w) => w.settings.title, run: () => (desk.sheet.value = "settings") });
  return items;
}
