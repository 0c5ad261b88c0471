/** What the keys' commands do on the reading desk. */

import type { Command, Pressed } from "../input/keys";
import type { Desk, Tool } from "./desk";
import * as crosses from "./crosses";
import * as looks from "./looks";
import * as moves from "./moves";
import * as slabs from "./slabs";
import * as turns from "./turns";
import { openMpr, openStack, openStackLayout } from "./opening";
import { entries, showPhase } from "./phases";
import { hasWindow, windowChoices } from "./windows";

/** Choose a tool; choosing it again, or null, returns to what each viewport is for. A pen with its drags goes. */
export function choose(desk: Desk, tool: Tool | null): void {
  const pen = desk.pen.peek()?.drags ? desk.pen.peek() : null;
  pen?.cancel();
  desk.tool.value = desk.tool.value === tool && !pen ? null : tool;
}

/** The MPR button: from the volume rendering to the planes, else on and off. A phone begins with one plane. */
export function pressMpr(desk: Desk, narrow: boolean): void {
  if (desk.layout.value === "mpr" && desk.maximised.value !== "volume") openStackLayout(desk);
  else openMpr(desk, narrow ? "axial" : null);
}

/** On, and back to where it was: the stack, or the planes. */
function toggleVolume(desk: Desk): void {
  if (desk.maximised.value !== "volume") {
    fromStack = desk.layout.value === "stack";
    openMpr(desk, "volume");
  } else if (fromStack) openStackLayout(desk);
  else desk.maximised.value = null;
}

let fromStack = false;

function toggleSlab(desk: Desk): void {
  if (desk.layout.value === "stack") {
    openMpr(desk, "axial");
    if (desk.layout.value === "stack") return; // refused, and the desk says why
  }
  slabs.toggleSlab(desk.activeViewport.value);
}

function neighbour(desk: Desk, way: number): void {
  const roles =
    desk.layout.value === "mpr" ? desk.grid.value : (["stack"] as const);
  const at = roles.findIndex((role) => role === desk.active.value);
  const next = roles[(at + way + roles.length) % roles.length]!;
  desk.active.value = next;
  if (desk.maximised.value) desk.maximised.value = next;
}

export function nextSeries(desk: Desk, way: number): void {
  const all = (desk.study.value?.series ?? []).flatMap(entries);
  const at = all.findIndex(({ stacks }) => stacks.includes(desk.stack.value!));
  const next = all[at + way];
  if (next) openStack(desk, next.series, next.stacks[0]!);
}

/** To the next phase of a 4-D set, in a circle: after the last one of a heart beat comes the first. */
function movePhase(desk: Desk, way: number): void {
  const phases = desk.phases.value;
  const at = phases.indexOf(desk.stack.value!);
  desk.cine.stop();
  if (phases.length > 1) showPhase(desk, (at + way + phases.length) % phases.length, true);
}

function cancel(desk: Desk): void {
  if (desk.sheet.value) desk.sheet.value = null;
  else if (desk.pen.value) desk.pen.value.cancel();
  else if (desk.cine.playing.value) desk.cine.stop();
  else if (desk.notice.value) desk.notice.value = null;
  else if (desk.tool.value) desk.tool.value = null;
  else if (desk.editing.value) desk.editing.value = false;
  else if (desk.maximised.value) desk.maximised.value = null;
}

/** Take the last change of a view back, and say which; while something is drawn, the last of that. */
export function undo(desk: Desk): void {
  const pen = desk.pen.peek();
  if (pen?.undo ? pen.undo() : pen?.back()) return;
  const change = desk.history.undo();
  desk.toast.value = change
    ? {
        say: (w) => w.undone(w.changes[change]),
        offer: { label: (w) => w.redo, run: () => redo(desk) },
      }
    : { say: (w) => w.nothing_to_undo };
}

export function redo(desk: Desk): void {
  const change = desk.history.redo();
  desk.toast.value = change
    ? {
        say: (w) => w.redone(w.changes[change]),
        offer: { label: (w) => w.undo, run: () => undo(desk) },
      }
    : { say: (w) => w.nothing_to_redo };
}

/** Fetched with the first volume rendering, which they are for. */
export const clips = () => import("./clips");

const ACTIONS: Record<Command, (desk: Desk) => void> = {
  tool_window: (desk) => choose(desk, "window"),
  tool_pan: (desk) => choose(desk, "pan"),
  tool_zoom: (desk) => choose(desk, "zoom"),
  tool_scroll: (desk) => choose(desk, "scroll"),
  zoom_in: (desk) => moves.zoom(desk.activeViewport.value, 1.25, null, false),
  zoom_out: (desk) => moves.zoom(desk.activeViewport.value, 0.8, null, false),
  fit: (desk) => moves.fit(desk, desk.activeViewport.value),
  rotate_right: (desk) => turns.rotate(desk, desk.activeViewport.value, 90),
  rotate_left: (desk) => turns.rotate(desk, desk.activeViewport.value, -90),
  flip_horizontal: (desk) => turns.flip(desk.activeViewport.value, "horizontal"),
  flip_vertical: (desk) => turns.flip(desk.activeViewport.value, "vertical"),
  invert: looks.invert,
  overlays: (desk) => looks.toggleCover(desk, "overlays"),
  shutter: (desk) => looks.toggleCover(desk, "shutter"),
  clip_box: (desk) => void clips().then((c) => c.toggleHandles(desk, desk.activeViewport.value)),
  perspective: (desk) => void clips().then((c) => c.togglePerspective(desk.activeViewport.value)),
  cine: (desk) => desk.cine.toggle(),
  previous_phase: (desk) => movePhase(desk, -1),
  next_phase: (desk) => movePhase(desk, 1),
  previous_image: (desk) => moves.scroll(desk, desk.activeViewport.value, -1, true),
  next_image: (desk) => moves.scroll(desk, desk.activeViewport.value, 1, true),
  first_image: (desk) => moves.scrollTo(desk, desk.activeViewport.value, 0, false),
  last_image: (desk) => moves.scrollTo(desk, desk.activeViewport.value, Number.MAX_SAFE_INTEGER, false),
  previous_viewport: (desk) => neighbour(desk, -1),
  next_viewport: (desk) => neighbour(desk, 1),
  previous_series: (desk) => nextSeries(desk, -1),
  next_series: (desk) => nextSeries(desk, 1),
  reset: (desk) => moves.reset(desk, desk.activeViewport.value),
  cancel,
  mpr: (desk) => pressMpr(desk, false),
  slab: toggleSlab,
  volume: toggleVolume,
  link: crosses.toggleLink,
  undo,
  redo,
  help: (desk) => (desk.sheet.value = "help"),
};

/** Commands that a held key may repeat; the others would only flicker. */
export const REPEATS: ReadonlySet<Command> = new Set([
  ...(["previous_image", "next_image", "previous_phase", "next_phase", "zoom_in", "zoom_out"] as const),
]);

export function perform(desk: Desk, pressed: Pressed): void {
  if ("command" in pressed) return ACTIONS[pressed.command](desk);
  const { series, stack } = desk;
  if (!series.value || !stack.value) return;
  const view = desk.viewports.stack.view.peek();
  const frame = view?.kind === "stack" ? view.frame : null;
  const choice = windowChoices(series.value, stack.value, frame).find(({ id }) => id === pressed.window);
  const active = desk.activeViewport.value.view.peek();
  if (choice && active && hasWindow(active)) looks.setWindow(desk, choice.window, false, choice.lut);
  else desk.toast.value = { say: (w) => w.no_such_window };
}
