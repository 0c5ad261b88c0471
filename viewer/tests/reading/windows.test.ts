import { expect, test } from "vitest";
import type { SeriesInfo, StackInfo } from "../../src/api/messages";
import { dragged, firstLook, sane, windowChoices, windowNumber } from "../../src/reading/windows";
import { zh } from "../../src/words/zh";

const series = (modality: string): SeriesInfo => ({
  id: 1,
  uid: "",
  number: 1,
  modality,
  description: "",
  body_part: "",
  images: 1,
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
  lossy: "",
  frame_time_ms: null,
  frame_times_ms: null,
  playback: "loop",
  overlays: false,
  shutter: false,
  phase: null,
  notes: [],
  volume: null,
  refusal: null,
  ...over,
});

test("every preset has a name, and no two have one id", () => {
  const choices = windowChoices(series("CT"), stack());
  expect(new Set(choices.map(({ id }) => id)).size).toBe(choices.length);
  expect(choices.filter(({ id, name }) => !name && !(id in zh.windows))).toEqual([]);
});

test("a VOI LUT of the header is a choice of its own, and what the stack opens with where it comes first", () => {
  const window = { centre: 500, width: 1000, explanation: "", lut: null };
  const lut = { centre: 2048, width: 4096, explanation: "NORMAL", lut: 0 };
  const first = stack({ unit: "", windows: [lut, window] });
  expect(firstLook(series("DX"), first)).toEqual({ window: [2048, 4096], lut: 0 });
  expect(windowChoices(series("DX"), first).map(({ id, lut: n }) => [id, n])).toEqual([
    ["header", 0],
    ["header1", null],
  ]);
  expect(firstLook(series("DX"), stack({ unit: "", windows: [window, lut] }))).toEqual({ window: [500, 1000], lut: null });
});

test("a stack opens with its header's window", () => {
  expect(firstLook(series("CT"), stack()).window).toEqual([-500, 1400]);
});

test("a frame's own window counts for that frame, also where the stack has none", () => {
  const nowhere = { position: null, row: null, column: null, thickness_mm: null, location_mm: null };
  const place = { ...nowhere, patient_orientation: null, instance_number: 1 };
  const frames = [
    { ...place, window: null, lossy: "" },
    { ...place, window: [30, 60] as [number, number], lossy: "" },
  ];
  expect(firstLook(series("MR"), stack({ frames }), 0).window).toEqual([-500, 1400]);
  expect(firstLook(series("MR"), stack({ frames }), 1).window).toEqual([30, 60]);
  expect(firstLook(series("CT"), stack({ frames, windows: [] }), 1).window).toEqual([30, 60]);
  expect(windowChoices(series("MR"), stack({ frames }), 1)[0]!.window).toEqual([30, 60]);
});

test("a CT without one opens with soft tissue", () => {
  expect(firstLook(series("CT"), stack({ windows: [] })).window).toEqual([40, 400]);
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
  expect(firstLook(series("OT"), stack({ windows: [{ centre: 0, width: 1e30, explanation: "", lut: null }] })).window).toEqual([0, 1e9]);
});
