import { expect, test, vi } from "vitest";
import { place, SIZE } from "../../src/pages/reading/loupe";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const FINGERTIP = 22; // CSS pixels about its own middle

test.each([
  [195, 400],
  [5, 400],
  [385, 700],
  [195, 20],
  [10, 5],
  [388, 90],
  [195, 600],
])("at %i,%i of a phone's viewport the loupe is whole and not under the finger", (x, y) => {
  const [cx, cy] = place([x, y], 390, 640);
  expect(cx - SIZE / 2).toBeGreaterThanOrEqual(0);
  expect(cx + SIZE / 2).toBeLessThanOrEqual(390);
  expect(cy - SIZE / 2).toBeGreaterThanOrEqual(0);
  expect(cy + SIZE / 2).toBeLessThanOrEqual(640);
  expect(Math.hypot(cx - x, cy - y)).toBeGreaterThanOrEqual(SIZE / 2 + FINGERTIP);
});
