/** Which key does what. A key's name is what KeyboardEvent.key says, letters in capitals, "Shift+" before it. */

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
} as const;

export type Command = (typeof KEYS)[keyof typeof KEYS];
export type Pressed = { command: Command } | { preset: number };

export interface KeyLike {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What a key asks for, or null. Ctrl (Command on a Mac) and Alt with a key that is not in the table are the browser's. */
export function pressed(event: KeyLike): Pressed | null {
  if (event.altKey) return null;
  const control = event.ctrlKey || event.metaKey;
  if (!control && /^[1-9]$/.test(event.key)) return { preset: Number(event.key) };
  const letter = event.key.length === 1 && /[a-z]/i.test(event.key);
  const plain = letter ? (event.shiftKey ? "Shift+" : "") + event.key.toUpperCase() : event.key;
  const name = (control ? "Ctrl+" : "") + plain;
  const command = (KEYS as Record<string, Command | undefined>)[name];
  return command ? { command } : null;
}

/**
 * Whether a key pressed here belongs to a control: a text field takes all, a button Space, a slider the arrows.
 * Every other key still belongs to the picture.
 */
export function taken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea,select,input:not([type=range])")) return true;
  if (key === " ") return target.closest("button,a") !== null;
  return /^(Arrow|Home|End|Page)/.test(key) && target.closest("[role=slider],input") !== null;
}
