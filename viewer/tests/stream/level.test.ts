import { expect, test } from "vitest";
import { BUDGET_MS, next, START, type Quality } from "../../src/stream/level";

const LEVELS = 6;

/** Play frames every 40 ms whose extra delay depends on the level; says the level after each. */
function play(
  extra: (level: number) => number,
  ms: number,
  from: Quality = START,
  at = 0,
): { quality: Quality; levels: number[] } {
  let quality = from;
  const levels: number[] = [];
  for (let now = at; now < at + ms; now += 40) {
    quality = next(quality, extra(quality.level), now, LEVELS);
    levels.push(quality.level);
  }
  return { quality, levels };
}

test("a fast line keeps the best level", () => {
  expect(play(() => 5, 10_000).quality.level).toBe(0);
});

test("a line that queues goes down until waiting is short", () => {
  const { quality, levels } = play((level) => [400, 250, 180, 90, 40, 20][level]!, 8000);
  expect(quality.level).toBeGreaterThanOrEqual(4);
  expect(Math.max(...levels.map((level, i) => level - (levels[i - 1] ?? 0)))).toBe(1); // one level at a time
});

test("a hopeless line stops at the last level", () => {
  expect(play(() => 5000, 20_000).quality.level).toBe(LEVELS - 1);
});

test("after a step down it steps up no sooner than a second and a half later", () => {
  const down = play(() => 300, 700).quality;
  expect(down.level).toBe(2);
  const after = play(() => 1, 1400, down, 700);
  expect(Math.min(...after.levels)).toBe(2);
});

test("a line that recovers comes back to the best level", () => {
  const down = play(() => 500, 3000).quality;
  expect(play(() => 3, 15_000, down, 3000).quality.level).toBe(0);
});

test("it does not step up when the larger frames would wait too long", () => {
  // 30 ms at level 3; level 2 has 1.25 times the bytes, level 0 2.8 times: it may climb, not to the top.
  const bytes = [1, 0.62, 0.45, 0.36, 0.24, 0.18];
  const wait = (level: number): number => (80 * bytes[level]!) / bytes[0]!;
  const { levels } = play(wait, 30_000, { ...START, level: 3 });
  expect(levels.slice(-100).every((level) => wait(level) < BUDGET_MS)).toBe(true);
});

test("a faster server than expected never counts as negative waiting", () => {
  expect(next(START, -50, 0, LEVELS).delay).toBe(0);
});
