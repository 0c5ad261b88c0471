import { expect, test, vi } from "vitest";
import { toolOf } from "../../src/reading/hands";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

test("without a chosen tool the mouse windows a stack, moves the cross of a plane and turns a volume", () => {
  expect((["stack", "plane", "volume"] as const).map((kind) => toolOf(null, kind, "mouse"))).toEqual([
    "window",
    "cross",
    "turn",
  ]);
});

test("without a chosen tool a finger scrolls, and turns a volume", () => {
  expect((["stack", "plane", "volume"] as const).map((kind) => toolOf(null, kind, "touch"))).toEqual([
    "scroll",
    "scroll",
    "turn",
  ]);
});

test("a chosen tool holds for mouse and finger, where it means something", () => {
  expect(toolOf("window", "plane", "touch")).toBe("window");
  expect(toolOf("scroll", "volume", "mouse")).toBe("turn");
  expect(toolOf("cross", "stack", "mouse")).toBe("window");
});
