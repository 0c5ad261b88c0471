import { expect, test } from "vitest";
import type { SeriesInfo, StackInfo } from "../../src/api/messages";
import { dragged, firstWindow, sane, windowChoices, windowNumber } from "../../src/reading/windows";
import { zh } from "../../src/words/zh";

const series = (modality: string): SeriesInfo => ({
  id: 1,
  uid: "",
  number: 1,
  modality,
  description: "",
  body_part: "",
  images: 1,
  lossy: "",
  stacks: [],
  not_displayable: [],
});
const stack = (over: Partial<StackInfo> = {}): StackInfo => ({
  index: 0,
  digest: "ab",
  rows: 512,
  columns: 512,
  frames: [],
  spacing: [0.7, 0.7],
  spacing_source: "pixel",
  aspect: 1,
  colour: false,
  monochrome1: false,
  windows: [{ centre: -500, width: 1400, explanation: "LUNG", lut: null }],
  unit: "HU",
  frame_time_ms: null,
  frame_times_ms: null,
  overlays: false,
  shutter: false,
  phase: null,
  notes: [],
  volume: null,
  refusal: null,
  ...over,
});

test.each([
  [2, [40, 400]],
  [3, [-600, 1500]],
  [5, [40, 80]],
  [6, [90, 150]],
  [9, [75, 200]],
])("key %i of a CT is the field's window %j (centre, width)", (key, window) => {
  expect(windowChoices(series("CT"), stack()).find((choice) => choice.key === key)!.window).toEqual(window);
});

test("no key stands for two presets, and every preset has a name", () => {
  const choices = windowChoices(series("CT"), stack());
  const keys = choices.flatMap(({ key }) => key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  expect(choices.filter(({ id, name }) => !name && !(id in zh.windows))).toEqual([]);
});

test("a stack opens with its header's window", () => {
  expect(firstWindow(series("CT"), stack())).toEqual([-500, 1400]);
});

test("a frame's own window counts for that frame, also where the stack has none", () => {
  const place = { position: null, row: null, column: null, thickness_mm: null, location_mm: null, instance_number: 1 };
  const frames = [{ ...place, window: null }, { ...place, window: [30, 60] as [number, number] }];
  expect(firstWindow(series("MR"), stack({ frames }), 0)).toEqual([-500, 1400]);
  expect(firstWindow(series("MR"), stack({ frames }), 1)).toEqual([30, 60]);
  expect(firstWindow(series("CT"), stack({ frames, windows: [] }), 1)).toEqual([30, 60]);
  expect(windowChoices(series("MR"), stack({ frames }), 1)[0]!.window).toEqual([30, 60]);
});

test("a CT without one opens with soft tissue", () => {
  expect(firstWindow(series("CT"), stack({ windows: [] }))).toEqual([40, 400]);
});

test("an MR has no Hounsfield presets, a colour image none at all", () => {
  expect(windowChoices(series("MR"), stack({ unit: "" })).length).toBe(1);
  expect(windowChoices(series("US"), stack({ colour: true }))).toEqual([]);
});

test("dragging right widens, dragging down darkens, and the width never reaches zero", () => {
  const [centre, width] = dragged([40, 400], 30, 30, "HU");
  expect(width).toBeGreaterThan(400);
  expect(centre).toBeGreaterThan(40);
  expect(dragged([40, 400], -1e6, 0, "HU")[1]).toBe(1);
});

test("large numbers are whole, small ones keep three digits", () => {
  expect([400.4, -600, 0.1234, 2].map(windowNumber)).toEqual(["400", "-600", "0.123", "2"]);
});

test("a window that the stream would refuse becomes one that it takes", () => {
  expect(sane([1e20, 1e13])).toEqual([1e9, 1e9]);
  expect(sane([-1e20, 0])).toEqual([-1e9, 1e-9]);
  expect(sane([40, 400])).toEqual([40, 400]);
  expect(firstWindow(series("OT"), stack({ windows: [{ centre: 0, width: 1e30, explanation: "", lut: null }] }))).toEqual([0, 1e9]);
});
