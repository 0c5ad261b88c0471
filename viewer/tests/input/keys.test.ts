import { expect, test } from "vitest";
import { COMMANDS, keyName, KEYS, pressed } from "../../src/input/keys";
import { Wheel } from "../../src/input/wheel";

const key = (name: string, over: object = {}) =>
  pressed({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...over });

test.each([
  ["w", "tool_window"],
  ["T", "tool_pan"],
  ["ArrowUp", "previous_image"],
  ["PageDown", "next_series"],
  [" ", "reset"],
  ["v", "volume"],
  ["h", "flip_horizontal"],
])("%s does %s", (name, command) => {
  expect(key(name)).toEqual({ command });
});

test("Shift and H flip top to bottom", () => {
  expect(key("H", { shiftKey: true })).toEqual({ command: "flip_vertical" });
});

test("plus needs Shift on most keyboards and still zooms", () => {
  expect(key("+", { shiftKey: true })).toEqual({ command: "zoom_in" });
});

test("a digit names a window by its id; 0 is free", () => {
  expect(key("3")).toEqual({ window: "lung" });
  expect(key("0")).toBeNull();
});

test("Alt is the browser's, and so is Ctrl with a key that is not in the table", () => {
  expect(key("r", { ctrlKey: true })).toBeNull();
  expect(key("w", { metaKey: true })).toBeNull();
  expect(key("ArrowLeft", { altKey: true })).toBeNull();
  expect(key("z", { ctrlKey: true })).toEqual({ command: "undo" });
  expect(key("Z", { metaKey: true, shiftKey: true })).toEqual({ command: "redo" });
});

test("every command of the table is one that can be assigned", () => {
  const all: string[] = Object.values(COMMANDS).flat();
  expect(Object.values(KEYS).filter((command) => !all.includes(command))).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
});

test("a key alone is no key of a table", () => {
  const names = ["Shift", "Control", "Process", "Dead"].map((name) =>
    keyName({ key: name, shiftKey: true, ctrlKey: false, metaKey: false, altKey: false }),
  );
  expect(names).toEqual([null, null, null, null]);
});

const turned = (over: object) => ({
  deltaX: 0,
  deltaY: 0,
  deltaMode: 0,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  ...over,
});

test("a notch is one image, with Shift five, also where Shift turns the wheel sideways", () => {
  const wheel = new Wheel();
  expect(wheel.turn(turned({ deltaY: 120 }))).toEqual({ does: "scroll", steps: 1 });
  expect(wheel.turn(turned({ deltaY: -100 }))).toEqual({ does: "scroll", steps: -1 });
  expect(wheel.turn(turned({ deltaX: 120, shiftKey: true }))).toEqual({ does: "scroll", steps: 5 });
  expect(wheel.turn(turned({ deltaY: 3, deltaMode: 1 }))).toEqual({ does: "scroll", steps: 1 });
});

test("a touchpad scrolls an image every thirty pixels", () => {
  const wheel = new Wheel();
  const steps = Array.from({ length: 12 }, () => wheel.turn(turned({ deltaY: 10 }))).map(
    (t) => "steps" in t && t.steps,
  );
  expect(steps.filter((n) => n === 1).length).toBe(4);
});

test("Ctrl zooms in upward, Alt changes the slab", () => {
  const wheel = new Wheel();
  const zoomed = wheel.turn(turned({ deltaY: -100, ctrlKey: true }));
  expect(zoomed.does === "zoom" && zoomed.factor).toBeGreaterThan(1);
  expect(wheel.turn(turned({ deltaY: 120, altKey: true }))).toEqual({ does: "thickness", steps: 1 });
});
