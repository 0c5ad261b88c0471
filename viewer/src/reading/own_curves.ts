/** Curves that a reader keeps under names of their own, in the preferences: they follow the account. */

import { signal } from "@preact/signals";
import type { Preset, Surveyed } from "../stream/messages";
import { MOST_OPAQUE, type Curve, type Point } from "./curves";
import { fitted } from "./filters";
import { prefer, preferences, type OwnCurve } from "./preferences";
import type { Viewport } from "./viewport";

/** The account keeps 16 KiB of preferences; these take less than fifteen. */
export const MOST_CURVES = 12;
/** Of a kept value: they tell a thousandth of a range from the next one, and seventeen would not fit. */
const DIGITS = 6;
const MOST_LETTERS = 24;

/** What was shown last, and as which points: the same array as long as nobody changes it. */
const shown = signal<{ name: string; curve: unknown } | null>(null);

/** Those that began as one of these presets, as far as they are understood: another version may have kept them. */
export function ownCurves(presets: readonly Preset[]): OwnCurve[] {
  const names = new Set(presets.map(({ name }) => name));
  return preferences.value.curves.filter(({ preset, points }) => names.has(preset) && isCurve(points));
}

const isCurve = (points: unknown[]): boolean =>
  points.length >= 2 &&
  points.every((point, i) => {
    if (!Array.isArray(point)) return false;
    const [value, colour, opacity] = point as Point;
    const before = i ? (points[i - 1] as Point)[0] : -Infinity;
    return value > before && /^#[0-9a-f]{6}$/.test(colour) && opacity >= 0 && opacity <= MOST_OPAQUE;
  });

export const isShown = (own: OwnCurve, curve: unknown): boolean =>
  curve != null && shown.value?.name === own.name && shown.value.curve === curve;

/** A value of a CT means the same in every volume; any other is kept by where it lies between `low` and `high`. */
const isAbsolute = (preset: string): boolean => preset.startsWith("ct_");

function mapped(points: Curve, by: (value: number) => number): Point[] {
  return points.map(([value, ...others]) => [by(value), ...others]);
}

/** Keep a curve under a name; one of the same name is replaced. False where there are too many, or no name. */
export function keep(viewport: Viewport, name: string, preset: string, curve: Curve, told: Surveyed): boolean {
  const called = name.trim().slice(0, MOST_LETTERS);
  const others = preferences.peek().curves.filter((own) => own.name !== called);
  if (!called || others.length >= MOST_CURVES) return false;
  const width = Math.max(told.high - told.low, 1e-6);
  const by = isAbsolute(preset) ? (value: number) => value : (value: number) => (value - told.low) / width;
  prefer({ curves: [...others, { name: called, preset, points: mapped(curve, (value) => Number(by(value).toPrecision(DIGITS))) }] });
  const view = viewport.view.peek();
  if (view?.kind === "volume") shown.value = { name: called, curve: view.curve };
  return true;
}

export const forgetCurve = (name: string): void =>
  prefer({ curves: preferences.peek().curves.filter((own) => own.name !== name) });

/** Show a kept curve. One in fractions waits for the volume's range; false where the server does not tell it. */
export async function showOwn(viewport: Viewport, own: OwnCurve): Promise<boolean> {
  const asked = viewport.view.peek();
  const told = isAbsolute(own.preset) ? null : await viewport.survey();
  const view = viewport.view.peek();
  if (view?.kind !== "volume" || view.stack !== asked?.stack) return true;
  if (!told && !isAbsolute(own.preset)) return false;
  const width = told ? Math.max(told.high - told.low, 1e-6) : 1;
  const curve = mapped(own.points, (value) => (told ? told.low + value * width : value));
  shown.value = { name: own.name, curve };
  viewport.set(fitted({ ...view, preset: own.preset, shift: 0, curve, projection: null }), false);
  return true;
}
