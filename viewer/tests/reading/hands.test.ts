import { expect, test, vi } from "vitest";
import type { Desk } from "../../src/reading/desk";
import { toolOf, ViewportHands } from "../../src/reading/hands";
import type { Viewport } from "../../src/reading/viewport";

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

test("a flicked stack comes to rest when it has glided, not when the finger leaves; a new press stops it", () => {
  const frames: (() => void)[] = [];
  let now = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => frames.push(callback));
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const rest = vi.fn();
  const desk = { tool: { peek: () => null, value: null }, pen: { peek: () => null }, stack: { value: null }, active: {}, rest };
  const view = { kind: "stack" };
  const viewport = { role: "stack", view: { value: view, peek: () => view }, loupe: { value: null } };
  const hands = new ViewportHands(desk as unknown as Desk, viewport as unknown as Viewport, () => 1, (at) => at);
  const advance = (to: number): void => {
    now = to;
    frames.splice(0).forEach((callback) => callback());
  };

  hands.press();
  hands.flick([0, 1], "y");
  hands.rest();
  advance(100);
  expect(rest).not.toHaveBeenCalled();
  advance(3000);
  expect(rest).toHaveBeenCalledTimes(1);

  hands.press();
  hands.flick([0, 1], "y");
  hands.rest();
  hands.press();
  advance(6000);
  expect(rest).toHaveBeenCalledTimes(1);
  hands.rest();
  expect(rest).toHaveBeenCalledTimes(2);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});
