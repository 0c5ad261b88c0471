import { expect, test, vi } from "vitest";
import { pointAt } from "../../src/geometry/camera";
import { Twist } from "../../src/reading/twist";
import type { StackView } from "../../src/stream/messages";
import { openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const size = { width: 800, height: 600 };

test("a picture follows two fingers, and what is between them stays there", () => {
  const { stack } = openChest().viewports;
  const twist = new Twist();
  const held = pointAt(stack.view.value as StackView, size, [500, 200]);
  twist.begin();
  for (let i = 0; i < 8; i += 1) twist.turn(stack, 5, [500, 200]);
  const view = stack.view.value as StackView;
  expect(view.right[0]).toBeCloseTo(Math.cos((40 * Math.PI) / 180), 12);
  pointAt(view, size, [500, 200]).forEach((mm, i) => expect(mm).toBeCloseTo(held[i]!, 9));
});

test.each([
  [40, [1, 0]],
  [50, [0, -1]],
  [-60, [0, 1]],
  [170, [-1, 0]],
])("let go after %i degrees it lies at a quarter turn, exactly", (degrees, right) => {
  const { stack } = openChest().viewports;
  const twist = new Twist();
  twist.begin();
  for (let i = 0; i < 10; i += 1) twist.turn(stack, degrees / 10, [500, 200]);
  twist.settle(stack);
  expect((stack.view.value as StackView).right.map((part) => part + 0)).toEqual(right);
});

test("a pinch that is not quite straight turns nothing", () => {
  const { stack } = openChest().viewports;
  const before = stack.view.value;
  const twist = new Twist();
  twist.begin();
  twist.turn(stack, 6, [500, 200]);
  twist.turn(stack, -5, [500, 200]);
  twist.settle(stack);
  expect(stack.view.value).toBe(before);
});
