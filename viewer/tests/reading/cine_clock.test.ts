import { expect, test } from "vitest";
import { CineClock } from "../../src/reading/cine_clock";

const played = (clock: CineClock, times: number[]): number[] => times.map((ms) => clock.at(ms).index);

test("each image is shown as long as the header says, then it begins again", () => {
  const clock = new CineClock([100, 50, 200], "loop");
  expect(clock.round_ms).toBe(350);
  expect(played(clock, [0, 99, 100, 149, 150, 349, 350, 450, 700])).toEqual([0, 0, 1, 1, 2, 2, 0, 1, 0]);
});

test("a sweep goes forward and back without showing either end twice", () => {
  const clock = new CineClock([10, 10, 10, 10], "sweep");
  expect(played(clock, [0, 10, 20, 30, 40, 50, 60, 70])).toEqual([0, 1, 2, 3, 2, 1, 0, 1]);
});

test("a sweep over two images is a loop", () => {
  expect(played(new CineClock([10, 10], "sweep"), [0, 10, 20, 30])).toEqual([0, 1, 0, 1]);
});

test("turns count every image that was due, over all rounds", () => {
  const clock = new CineClock([100, 50, 200], "loop");
  expect([0, 100, 150, 350, 1050].map((ms) => clock.at(ms).turn)).toEqual([0, 1, 2, 3, 9]);
});

test("it can begin in the middle", () => {
  const clock = new CineClock([100, 50, 200], "loop");
  expect(clock.at(clock.startOf(2)).index).toBe(2);
  expect(clock.startOf(0)).toBe(0);
});

test("once is over when the last image has had its time", () => {
  const clock = new CineClock([100, 50, 200], "once");
  expect([0, 349, 350, 9000].map((ms) => clock.over(ms))).toEqual([false, false, true, true]);
  expect(new CineClock([100, 50], "loop").over(9000)).toBe(false);
});
