/** What the reader's language calls what a key does. */

import type { Command } from "../../input/keys";
import type { Action } from "../../reading/key_table";
import type { Words } from "../../words/words";

const NAMES: Record<Command, (w: Words) => string> = {
  tool_window: (w) => w.tool.window,
  tool_pan: (w) => w.tool.pan,
  tool_zoom: (w) => w.tool.zoom,
  tool_scroll: (w) => w.tool.scroll,
  zoom_in: (w) => w.keys.zoom_in,
  zoom_out: (w) => w.keys.zoom_out,
  fit: (w) => w.fit,
  rotate_right: (w) => w.rotate_right,
  rotate_left: (w) => w.rotate_left,
  flip_horizontal: (w) => w.flip_horizontal,
  flip_vertical: (w) => w.flip_vertical,
  invert: (w) => w.invert,
  overlays: (w) => w.overlays,
  shutter: (w) => w.shutter,
  cine: (w) => w.cine.play_or_stop,
  previous_phase: (w) => w.keys.previous_phase,
  next_phase: (w) => w.keys.next_phase,
  previous_image: (w) => w.keys.previous_image,
  next_image: (w) => w.keys.next_image,
  first_image: (w) => w.keys.first_image,
  last_image: (w) => w.keys.last_image,
  previous_series: (w) => w.keys.previous_series,
  next_series: (w) => w.keys.next_series,
  previous_viewport: (w) => w.keys.previous_viewport,
  next_viewport: (w) => w.keys.next_viewport,
  reset: (w) => w.reset,
  cancel: (w) => w.keys.cancel,
  mpr: (w) => w.layout_mpr,
  slab: (w) => w.slab,
  volume: (w) => w.volume_rendering,
  link: (w) => w.link,
  undo: (w) => w.undo,
  redo: (w) => w.redo,
  help: (w) => w.help,
};

export function actionName(action: Action, w: Words): string {
  if (action.startsWith("window:")) return w.windows[action.slice("window:".length)] ?? action;
  return NAMES[action as Command](w);
}
