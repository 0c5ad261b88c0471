/** What the reader's language calls what a key does. */

import type { Command } from "../../input/keys";
import type { Action } from "../../reading/key_table";
import { clipWords } from "../../words/clips";
import { playerWords } from "../../words/player";
import { helpWords, type HelpWords } from "../../words/help";
import type { Words } from "../../words/words";

const NAMES: Record<Command, (w: Words, h: HelpWords) => string> = {
  tool_window: (w) => w.tool.window,
  tool_pan: (w) => w.tool.pan,
  tool_zoom: (w) => w.tool.zoom,
  tool_scroll: (w) => w.tool.scroll,
  zoom_in: (_, h) => h.keys.zoom_in,
  zoom_out: (_, h) => h.keys.zoom_out,
  fit: (w) => w.fit,
  rotate_right: (w) => w.rotate_right,
  rotate_left: (w) => w.rotate_left,
  flip_horizontal: (w) => w.flip_horizontal,
  flip_vertical: (w) => w.flip_vertical,
  invert: (w) => w.invert,
  overlays: (w) => w.overlays,
  shutter: (w) => w.shutter,
  clip_box: () => clipWords.value.box,
  perspective: (w) => w.perspective,
  cine: () => playerWords.value.play_or_stop,
  previous_phase: () => playerWords.value.previous_phase,
  next_phase: () => playerWords.value.next_phase,
  previous_image: (_, h) => h.keys.previous_image,
  next_image: (_, h) => h.keys.next_image,
  first_image: (_, h) => h.keys.first_image,
  last_image: (_, h) => h.keys.last_image,
  previous_series: (_, h) => h.keys.previous_series,
  next_series: (_, h) => h.keys.next_series,
  previous_viewport: (_, h) => h.keys.previous_viewport,
  next_viewport: (_, h) => h.keys.next_viewport,
  reset: (w) => w.reset,
  cancel: (_, h) => h.keys.cancel,
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
  return NAMES[action as Command](w, helpWords.value);
}
