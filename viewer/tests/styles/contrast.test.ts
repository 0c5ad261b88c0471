import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const STYLES = fileURLToPath(new URL("../../src/styles/", import.meta.url));
const css = readdirSync(STYLES)
  .map((name) => readFileSync(STYLES + name, "utf8"))
  .join("\n");

/** A colour of :root, or #rgb and #rrggbb itself, as its three parts from 0 to 1. */
function colour(name: string): number[] {
  const value = name.startsWith("#") ? name : new RegExp(`--${name}: (#[0-9a-f]+)`).exec(css)![1]!;
  const hex = value.length === 4 ? value.replace(/[0-9a-f]/g, "$&$&") : value;
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(parts: number[]): number {
  const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
function contrast(a: number[], b: number[]): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}
const over = (top: number[], part: number, ground: number[]): number[] =>
  top.map((value, i) => value * part + ground[i]! * (1 - part));

test("the formula is that of the standard", () => {
  expect(contrast(colour("#fff"), colour("#000"))).toBeCloseTo(21, 9);
  expect(contrast(colour("#777777"), colour("#ffffff"))).toBeCloseTo(4.48, 2);
});

// Dark is the only theme: reading rooms are. PANEL is what the strips beside the picture stand on.
const PANEL = "#0e151d";
const GROUNDS = ["back", "raised", "higher", PANEL, "#000"];

test.each(["text", "faint", "accent", "warn", "good", "#eef3f8", "#ff8b8b"])("%s can be read on every ground", (name) => {
  for (const ground of GROUNDS) expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(4.5);
});

test.each([
  ["a pressed tool", "accent", over(colour("accent"), 0.16, colour("raised"))],
  ["a chip of a modality", "#a9e2ff", over(colour("accent"), 0.13, colour("back"))],
  ["a primary button", "#06131c", colour("accent")],
  ["the same under the mouse", "#06131c", colour("#7bd2ff")],
  ["the warning about encryption", "warn", colour("#3a2a0c")],
  ["a placeholder", "#7c8ea1", colour("back")],
  ["a failed check of the pixels", "#fff", colour("#a01818")],
  ["a note on the picture, even a white one", "warn", over(colour("#3a2a0c"), 0.85, colour("#fff"))],
  ["the sentence of a note on a white picture", "text", over(colour("#0b0f14"), 0.9, colour("#fff"))],
])("%s can be read", (what, name, ground) => {
  // The chip lies on whatever the picture is; its letters are bold, and 3 to 1 is what a mark needs at least.
  const least = what.startsWith("a note on the picture") ? 3 : 4.5;
  expect(contrast(colour(name), ground)).toBeGreaterThanOrEqual(least);
});

test.each(["axial", "coronal", "sagittal", "volume"])("the tab of the %s viewport can be read, chosen or not", (name) => {
  const opacity = Number(/\.plane-tabs button \{[^}]*opacity: ([\d.]+)/.exec(css)![1]);
  expect(contrast(over(colour(name), opacity, colour(PANEL)), colour(PANEL))).toBeGreaterThanOrEqual(4.5);
  expect(contrast(colour(name), colour("higher"))).toBeGreaterThanOrEqual(4.5);
});

test("a tool that can only explain itself can be read", () => {
  const opacity = Number(/\.tool\.dim \{[^}]*opacity: ([\d.]+)/.exec(css)![1]);
  expect(contrast(over(colour("text"), opacity, colour("raised")), colour("raised"))).toBeGreaterThanOrEqual(4.5);
});

test.each(["edge", "accent", "faint"])("what one can take hold of is seen: %s", (name) => {
  for (const ground of GROUNDS) expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(3);
});

test("the mark of focus is never taken away without another", () => {
  const rules = [...css.matchAll(/([^{}]+)\{[^{}]*outline: (?:none|0)\b[^{}]*\}/g)].map((match) => match[1]!.trim());
  // A sheet or a menu takes the focus itself only so that Tab begins in it; what is in it shows where one is.
  expect(rules.filter((rule) => !/(sheet|dialog|popover)$/.test(rule))).toEqual([]);
});

test("nothing moves by itself for those who asked for less motion", () => {
  const animated = css.replace(/@media \(prefers-reduced-motion: no-preference\) \{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g, "");
  expect(animated).not.toMatch(/\b(?:transition|animation)\s*:/);
});
