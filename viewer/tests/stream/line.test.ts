import { beforeEach, expect, test } from "vitest";
import type { Frame } from "../../src/stream/frame";
import { Line } from "../../src/stream/line";

let now: number;
let pings: number[];
let line: Line;

beforeEach(() => {
  now = 0;
  pings = [];
  line = new Line(
    () => now,
    (n) => pings.push(n),
  );
  line.start();
  for (let i = 0; i < 3; i++) {
    now += 20;
    line.answered(pings[pings.length - 1]!);
  }
});

const frame = (viewport: number, sequence: number, render_ms: number): Frame =>
  ({ viewport, sequence, render_ms, encode_ms: 2 }) as Frame;

test("the idle round trip comes from the pings", () => {
  expect(line.base_ms).toBe(20);
});

test("what a frame takes beyond round trip, rendering and encoding counts as waiting", () => {
  const sent = now;
  now += 20 + 10 + 2 + 50;
  const one = frame(1, 1, 10);
  line.came(one);
  line.drawn(one, sent);
  expect(line.quality.delay).toBeCloseTo(0.2 * 50, 9);
});

test("waiting behind another viewport's rendering is not the line's fault", () => {
  const sent = now;
  now += 100;
  line.came(frame(2, 7, 90));
  now += 20 + 10 + 2 - 10;
  const one = frame(1, 1, 10);
  line.came(one);
  line.drawn(one, sent);
  expect(line.quality.delay).toBe(0);
});

test("what was rendered before the input left does not excuse it", () => {
  line.came(frame(2, 7, 90));
  now += 1;
  const sent = now;
  now += 20 + 10 + 2 + 50;
  const one = frame(1, 1, 10);
  line.came(one);
  line.drawn(one, sent);
  expect(line.quality.delay).toBeCloseTo(10, 9);
});

test("a line is asked again while nothing is on its way, and not while frames come", () => {
  const before = pings.length;
  now += 5000;
  line.busy();
  line.alive();
  expect(pings.length).toBe(before);
  now += 1000;
  line.alive();
  expect(pings.length).toBe(before + 1);
});

test("an unanswered ping is death only while nothing else is heard", () => {
  now += 1000;
  line.alive();
  now += 5000;
  line.heard();
  expect(line.alive()).toBe(true);
  now += 5000;
  expect(line.alive()).toBe(false);
});
