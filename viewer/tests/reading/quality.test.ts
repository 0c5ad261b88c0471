import { expect, test } from "vitest";
import { quality } from "../../src/reading/quality";
import type { PlaneView, StackView } from "../../src/stream/messages";
import type { Drawn } from "../../src/stream/screen";

const frame = (over: Partial<Drawn>): Drawn => ({
  viewport: 1,
  sequence: 1,
  input: 1,
  final: true,
  interpolated: false,
  covered: false,
  codec: 2,
  level: 0,
  width: 512,
  height: 512,
  full_width: 512,
  full_height: 512,
  bytes: 1,
  render_ms: 1,
  encode_ms: 1,
  verified: true,
  drawn_at: 0,
  ...over,
});
const stack: StackView = {
  kind: "stack",
  series: 1,
  stack: "ab",
  frame: 0,
  centre: [0, 0],
  right: [1, 0],
  down: [0, 1],
  extent_mm: 1,
  window: [0, 1],
};
const plane: PlaneView = {
  kind: "plane",
  series: 1,
  stack: "ab",
  centre: [0, 0, 0],
  right: [1, 0, 0],
  down: [0, 1, 0],
  extent_mm: 1,
  window: [0, 1],
};

test("a verified stack frame at one to one is lossless and original", () => {
  expect(quality(frame({}), stack, true)).toEqual({ tone: "good", words: ["LOSSLESS ✓", "original"] });
});

test("a zoomed one is lossless and interpolated", () => {
  expect(quality(frame({ interpolated: true }), stack, true).words).toEqual(["LOSSLESS ✓", "interpolated"]);
});

test("a picture under an overlay or a shutter is lossless, and never called original", () => {
  expect(quality(frame({ covered: true }), stack, true)).toEqual({ tone: "good", words: ["LOSSLESS ✓", "covered"] });
  const zoomed = frame({ covered: true, interpolated: true });
  expect(quality(zoomed, stack, true).words).toEqual(["LOSSLESS ✓", "interpolated", "covered"]);
  expect(quality(frame({ covered: true, final: false }), stack, true).words).toEqual(["preview", "covered"]);
});

test("a reformat is never original, even where no pixel was interpolated", () => {
  expect(quality(frame({}), plane, true).words).toEqual(["LOSSLESS ✓", "interpolated"]);
});

test.each([
  ["moving", frame({ final: false, verified: null }), true],
  ["not yet verified", frame({ verified: null }), true],
  ["with a wrong digest", frame({ verified: false }), true],
  ["scaled by the page", frame({}), false],
])("a picture %s is never called lossless", (_, drawn, oneToOne) => {
  expect(quality(drawn, stack, oneToOne).words).not.toContain("LOSSLESS ✓");
});

test("a wrong digest is an alarm whatever the size", () => {
  expect(quality(frame({ verified: false }), stack, false)).toEqual({ tone: "bad", words: ["mismatch"] });
});

test("a picture that labels or a second volume changed says so, and one that is not checked yet says it too", () => {
  const labels: PlaneView = { ...plane, labels: { n: 1, styles: [] } };
  const fused: PlaneView = { ...plane, fusion: { series: 2, stack: "cd", palette: "PET", window: [1, 2] } };
  for (const view of [labels, fused]) {
    expect(quality(frame({}), view, true).words).toEqual(["LOSSLESS ✓", "interpolated", "processed"]);
    expect(quality(frame({ final: false }), view, true).words).toEqual(["preview", "interpolated", "processed"]);
    expect(quality(frame({ verified: null }), view, true).words).toEqual(["unverified", "processed"]);
  }
  expect(quality(frame({ verified: null }), { ...stack, filter: { name: "edge" } }, true).words).toEqual(["unverified", "filtered"]);
});
