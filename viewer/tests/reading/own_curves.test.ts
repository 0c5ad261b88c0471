import { beforeEach, expect, test, vi } from "vitest";
import { KEYS } from "../../src/input/keys";
import type { Curve } from "../../src/reading/curves";
import type { Viewport } from "../../src/reading/viewport";
import type { Preset, Surveyed, VolumeView } from "../../src/stream/messages";
import { openMpr } from "../../src/reading/opening";
import { openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const CURVE: Curve = [
  [100, "#000000", 0],
  [300, "#ff8000", 0.5],
];
const presets = ["ct_bone", "mr_brain"].map((name): Preset => ({ name, group: "", modalities: [], colours: [] }));
const range = (low: number, high: number): Surveyed =>
  ({ t: "surveyed", viewport: 1, n: 1, curve: [...CURVE], low, high, least: low, greatest: high, counts: [] }) satisfies Surveyed;

let own: typeof import("../../src/reading/own_curves");
let preferences: typeof import("../../src/reading/preferences");
let viewport: Viewport;
let told: Surveyed;
beforeEach(async () => {
  vi.resetModules();
  preferences = await import("../../src/reading/preferences");
  own = await import("../../src/reading/own_curves");
  told = range(0, 1000);
  const desk = openChest(undefined, { ask: () => Promise.resolve(told) });
  openMpr(desk, "volume");
  viewport = desk.viewports.volume;
});

const view = (): VolumeView => viewport.view.value as VolumeView;
const kept = (name: string) => own.ownCurves(presets).find((one) => one.name === name)!;

test("a curve in HU is kept as it is, and shown as it is", async () => {
  expect(own.keep(viewport, "  hip ", "ct_bone", CURVE, told)).toBe(true);
  expect(preferences.preferences.value.curves).toEqual([{ name: "hip", preset: "ct_bone", points: CURVE }]);
  await own.showOwn(viewport, kept("hip"));
  expect(view()).toMatchObject({ preset: "ct_bone", curve: CURVE, shift: 0 });
  expect(own.isShown(kept("hip"), view().curve)).toBe(true);
  expect(own.isShown(kept("hip"), [...view().curve!])).toBe(false);
  expect(own.isShown(kept("hip"), null)).toBe(false);
});

test("a curve of an MR follows the next volume's range", async () => {
  own.keep(viewport, "gyri", "mr_brain", CURVE, told);
  told = range(200, 400);
  await own.showOwn(viewport, kept("gyri"));
  expect(view().preset).toBe("mr_brain");
  expect(view().curve!.map(([value]) => value)).toEqual([220, 260]);
});

test("the same name replaces, no name keeps nothing, and there are not too many", () => {
  own.keep(viewport, "a", "ct_bone", CURVE, told);
  own.keep(viewport, "a", "mr_brain", CURVE, told);
  expect(own.ownCurves(presets)).toHaveLength(1);
  expect(own.keep(viewport, "  ", "ct_bone", CURVE, told)).toBe(false);
  for (let i = 1; i < own.MOST_CURVES; i += 1) expect(own.keep(viewport, `n${i}`, "ct_bone", CURVE, told)).toBe(true);
  expect(own.keep(viewport, "one more", "ct_bone", CURVE, told)).toBe(false);
  expect(own.keep(viewport, "n1", "ct_bone", CURVE, told)).toBe(true);
  own.forgetCurve("n1");
  expect(own.keep(viewport, "one more", "ct_bone", CURVE, told)).toBe(true);
});

/** As storage/preferences.py counts: what Python writes of it has a space after each comma and colon. */
function bytesInAccount(kept: unknown): number {
  const text = JSON.stringify(kept, null, 1).replace(/\n\s*/g, " ").replace(/([[{]) | (?=[\]}])/g, "$1");
  return new TextEncoder().encode(text).length;
}

test("bytes are counted as the account does", () => {
  expect(bytesInAccount({ a: [1, ["骨", 0.5]], b: {} })).toBe('{"a": [1, ["...", 0.5]], "b": {}}'.length);
});

test("as many as are kept fit into the account, with every digit that a drag gives them and every key assigned", () => {
  const long: Curve = Array.from({ length: 32 }, (_, i) => [i * 100.123456789 - 1624.987654321, "#abcdef", 0.123456]);
  const table = Object.entries(KEYS).flatMap(([key, command], i) => [[key, ""], [`Ctrl+Shift+${String.fromCharCode(65 + i)}`, command]]);
  preferences.prefer({ keys: Object.fromEntries(table) });
  for (const preset of ["mr_translucent", "ct_bone_dense"]) {
    const { curves } = preferences.DEFAULTS;
    preferences.prefer({ curves });
    for (let i = 0; i < own.MOST_CURVES; i += 1) own.keep(viewport, "骨".repeat(23) + i.toString(36), preset, long, told);
    expect(preferences.preferences.value.curves).toHaveLength(own.MOST_CURVES);
    expect(bytesInAccount(preferences.preferences.value)).toBeLessThan(16 * 1024);
  }
});

test("what another version kept, or is for another kind of image, is not offered", () => {
  const points = [...CURVE] as [number, string, number][];
  preferences.prefer({
    curves: [
      { name: "good", preset: "ct_bone", points },
      { name: "gone", preset: "ct_gold", points },
      { name: "falls", preset: "ct_bone", points: [...points].reverse() },
      { name: "word", preset: "ct_bone", points: [[1, "red", 0.5], [2, "#000000", 0]] },
      { name: "nonsense", preset: "ct_bone", points: ["x", 3] as never },
    ],
  });
  expect(own.ownCurves(presets).map(({ name }) => name)).toEqual(["good"]);
});
