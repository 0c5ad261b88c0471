/** The keys of this reader: the table as it comes, and what was changed in it. */

import { computed } from "@preact/signals";
import { COMMANDS, KEYS, type Command, type Keys, type PresetCommand } from "../input/keys";
import { prefer, preferences } from "./preferences";

export type Action = Command | PresetCommand;

/** Every action that a key can be given, in the order of the settings. */
export const ACTIONS: readonly Action[] = Object.values(COMMANDS).flat() as Action[];
const known = new Set<string>(ACTIONS);

/** "" takes a key's meaning away; a command that this version does not know is left out. */
export function combined(changed: Readonly<Record<string, string>>): Keys {
  const all: Record<string, string> = { ...KEYS, ...changed };
  return Object.fromEntries(Object.entries(all).filter(([, action]) => known.has(action))) as Keys;
}

export const keyTable = computed<Keys>(() => combined(preferences.value.keys));

/** The keys of an action, those first that come with the page. */
export const keysOf = (action: string): string[] =>
  Object.entries(keyTable.value)
    .filter(([, meant]) => meant === action)
    .map(([key]) => key);

const SIGNS: Record<string, string> = {
  " ": "␣",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "PgUp",
  PageDown: "PgDn",
  Escape: "Esc",
};

/** A key as it is written on keyboards. */
export const written = (key: string): string =>
  key.replace(/^(Ctrl\+)?(Shift\+)?(.+)$/, (_, ctrl = "", shift = "", name: string) => ctrl + shift + (SIGNS[name] ?? name));

/** The first key of an action as a hint beside its button; "" where it has none. */
export function hint(action: Action): string {
  const [key] = keysOf(action);
  return key === undefined ? "" : written(key);
}

/** Only what differs from the table as it comes. */
function changes(table: Readonly<Record<string, string>>): Record<string, string> {
  const plain: Record<string, string> = KEYS;
  const names = new Set([...Object.keys(plain), ...Object.keys(table)]);
  const differing = [...names].filter((name) => (table[name] ?? "") !== (plain[name] ?? ""));
  return Object.fromEntries(differing.map((name) => [name, table[name] ?? ""]));
}

/** Give a key to an action; whatever it meant before it means no more. */
export const assign = (key: string, action: Action): void => prefer({ keys: changes({ ...keyTable.peek(), [key]: action }) });

export function unassign(key: string): void {
  const { [key]: _, ...others } = keyTable.peek();
  prefer({ keys: changes(others) });
}

export const resetKeys = (): void => prefer({ keys: {} });

const FORMAT = "farview-keys";

/** The whole table as a file that another reader can take over. */
export const exported = (): string => JSON.stringify({ format: FORMAT, version: 1, keys: keyTable.peek() }, null, 2);

/** Take over an exported table; false when it is none. */
export function imported(text: string): boolean {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return false;
  }
  const { format, keys } = (file ?? {}) as { format?: unknown; keys?: unknown };
  if (format !== FORMAT || typeof keys !== "object" || keys === null || Array.isArray(keys)) return false;
  const entries = Object.entries(keys as Record<string, unknown>);
  const fine = entries.every(([key, action]) => key.length > 0 && key.length <= 32 && known.has(String(action)));
  if (!fine || entries.length > 300) return false;
  prefer({ keys: changes(Object.fromEntries(entries) as Record<string, string>) });
  return true;
}
