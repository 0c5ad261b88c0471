/**
 * What a reader has set: what hands mean and which key does what.
 *
 * It applies at once and is kept in the browser, so that the next page has it from its first touch; the account keeps
 * it from one machine to the next (session.ts brings it and takes it there).
 */

import { signal } from "@preact/signals";

export interface Preferences {
  /** Two twisting fingers turn a flat picture too; a volume they always roll. */
  twist: boolean;
  three_fingers: "window" | "scroll";
  /** The mouse's left and right button together. */
  both_buttons: "window" | "scroll";
  two_finger_undo: boolean;
  haptics: boolean;
  /** The screen does not go dark while images are read. */
  stay_awake: boolean;
  /** Only what differs from the table in input/keys.ts: a key's name and its command. */
  keys: Record<string, string>;
  /** The reader's own presets of volume rendering; see own_curves.ts. */
  curves: readonly OwnCurve[];
}

/** A curve under a name. Values are fractions of a volume's range where its unit says nothing about tissue. */
export interface OwnCurve {
  name: string;
  /** What it began as, and is lit like. */
  preset: string;
  points: [number, string, number][];
}

export const DEFAULTS: Readonly<Preferences> = Object.freeze({
  twist: false,
  three_fingers: "window",
  both_buttons: "window",
  two_finger_undo: false,
  haptics: false,
  stay_awake: true,
  keys: {},
  curves: [],
});

const KEY = "farview.preferences";
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isHand = (value: unknown): boolean => value === "window" || value === "scroll";
const isKeys = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((command) => typeof command === "string");
const isCurves = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => isObject(one) && typeof one.name === "string" && Array.isArray(one.points));
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const VALID: Record<keyof Preferences, (value: unknown) => boolean> = {
  twist: isBoolean,
  three_fingers: isHand,
  both_buttons: isHand,
  two_finger_undo: isBoolean,
  haptics: isBoolean,
  stay_awake: isBoolean,
  keys: isKeys,
  curves: isCurves,
};

/** Read what was kept, perhaps by another version: what is not understood has its default. */
export function understood(kept: unknown): Preferences {
  const found = isObject(kept) ? kept : {};
  const names = (Object.keys(VALID) as (keyof Preferences)[]).filter((name) => name in found && VALID[name](found[name]));
  return { ...DEFAULTS, ...Object.fromEntries(names.map((name) => [name, found[name]])) };
}

function fromBrowser(): Preferences {
  try {
    return understood(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch {
    return { ...DEFAULTS }; // no storage, or not ours
  }
}

export const preferences = signal<Preferences>(fromBrowser());
/** Takes what was set to the account; session.ts gives it. */
export const account: { save(wanted: Preferences): void } = { save: () => undefined };

function keep(wanted: Preferences): void {
  preferences.value = wanted;
  try {
    localStorage.setItem(KEY, JSON.stringify(wanted));
  } catch {
    // It then lasts until the page is closed, and in the account.
  }
}

/** Set something, here and in the account. */
export function prefer(change: Partial<Preferences>): void {
  keep({ ...preferences.peek(), ...change });
  account.save(preferences.peek());
}

/** Take over what an account has. */
export const adopt = (kept: unknown): void => keep(understood(kept));

/** Somebody has signed out: the next one at this machine begins with the defaults. */
export function forget(): void {
  preferences.value = { ...DEFAULTS };
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
