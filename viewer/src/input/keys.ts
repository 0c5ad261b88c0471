/**
 * Which key does what.
 *
 * A key's name is what KeyboardEvent.key says, letters in capitals, "Shift+" before a letter and "Ctrl+" (Command on a
 * Mac) before that. A reader may give every command other keys: see reading/key_table.ts.
 */

/** What a key can be given to do, in the groups in which the help and the settings show it. */
export const COMMANDS = {
  tools: ["tool_window", "tool_pan", "tool_zoom", "tool_scroll"],
  images: [
    ...["previous_image", "next_image", "first_image", "last_image", "previous_series", "next_series"],
    ...["previous_phase", "next_phase", "cine"],
  ],
  views: [
    ...["zoom_in", "zoom_out", "fit", "reset", "rotate_right", "rotate_left", "flip_horizontal", "flip_vertical"],
    ...["invert", "overlays", "shutter", "clip_box", "perspective"],
  ],
  layouts: ["mpr", "slab", "volume", "link", "previous_viewport", "next_viewport"],
  // By id, never by their place in the list: a preset that is added must not move "lung" to another key.
  windows: [
    ...["header", "soft", "lung", "bone", "brain", "liver", "angio", "stroke", "subdural", "spine_soft", "spine_bone"],
    ...["temporal_bone", "cardiac", "calcium", "infant_brain"],
  ].map((id) => `window:${id}` as const),
  page: ["undo", "redo", "help", "cancel"],
} as const satisfies Record<string, readonly string[]>;

/** The keys as they come. */
export const KEYS = {
  W: "tool_window",
  T: "tool_pan",
  Z: "tool_zoom",
  S: "tool_scroll",
  "+": "zoom_in",
  "-": "zoom_out",
  "=": "fit",
  R: "rotate_right",
  L: "rotate_left",
  H: "flip_horizontal",
  // V is the volume rendering (M, P, V belong together), so the other flip is the same key with Shift.
  "Shift+H": "flip_vertical",
  I: "invert",
  C: "cine",
  B: "clip_box",
  "Shift+V": "perspective",
  "[": "previous_phase",
  "]": "next_phase",
  "Shift+O": "overlays",
  "Shift+S": "shutter",
  ArrowUp: "previous_image",
  ArrowDown: "next_image",
  ArrowLeft: "previous_viewport",
  ArrowRight: "next_viewport",
  Home: "first_image",
  End: "last_image",
  PageUp: "previous_series",
  PageDown: "next_series",
  " ": "reset",
  Escape: "cancel",
  M: "mpr",
  P: "slab",
  V: "volume",
  X: "link",
  "Ctrl+Z": "undo",
  "Ctrl+Y": "redo",
  "Ctrl+Shift+Z": "redo",
  "?": "help",
  "1": "window:header",
  "2": "window:soft",
  "3": "window:lung",
  "4": "window:bone",
  "5": "window:brain",
  "6": "window:liver",
  "7": "window:angio",
  "8": "window:stroke",
  "9": "window:subdural",
} as const;

export type PresetCommand = `window:${string}`;
export type Command = Exclude<(typeof KEYS)[keyof typeof KEYS], PresetCommand>;
export type Keys = Readonly<Record<string, Command | PresetCommand>>;
export type Pressed = { command: Command } | { window: string };

export interface KeyLike {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** The name of a pressed key with Shift and Ctrl; null for one that no table may have: Alt is the browser's. */
export function keyName(event: KeyLike): string | null {
  if (event.altKey || ["Shift", "Control", "Meta", "Alt", "AltGraph", "Dead", "Process"].includes(event.key)) return null;
  const letter = event.key.length === 1 && /[a-z]/i.test(event.key);
  const plain = letter ? (event.shiftKey ? "Shift+" : "") + event.key.toUpperCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + plain;
}

/** What a key asks for, or null. Ctrl with a key that is not in the table is the browser's. */
export function pressed(event: KeyLike, keys: Keys = KEYS): Pressed | null {
  const name = keyName(event);
  const command = name !== null ? keys[name] : null;
  if (!command) return null;
  return isPreset(command) ? { window: command.slice("window:".length) } : { command };
}

const isPreset = (command: Command | PresetCommand): command is PresetCommand => command.startsWith("window:");

/**
 * Whether a key pressed here belongs to a control: a text field takes all but combinations with Ctrl, and of those it
 * has copying, pasting and undoing itself; a button takes Space, a slider the arrows, a list of tabs left and right.
 * Every other key still belongs to the picture.
 */
export function taken(target: EventTarget | null, { key, ctrlKey, metaKey }: KeyLike): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea,select,input:not([type=range],[type=checkbox])")) {
    return !(ctrlKey || metaKey) || /^[acvxyz]$/i.test(key);
  }
  if (key === " ") return target.closest("button,a,input") !== null;
  if (/^Arrow/.test(key) && target.closest("[role=tab],[role=switch]") !== null) return true;
  return /^(Arrow|Home|End|Page)/.test(key) && target.closest("[role=slider],input") !== null;
}
