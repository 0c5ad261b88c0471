import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { Desk } from "../../src/reading/desk";
import { openMpr } from "../../src/reading/opening";
import { showOwn } from "../../src/reading/own_curves";
import * as renderings from "../../src/reading/renderings";
import { Survey } from "../../src/reading/survey";
import type { Viewport } from "../../src/reading/viewport";
import type { Surveyed, VolumeView } from "../../src/stream/messages";
import { openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const ANSWER: Surveyed = {
  t: "surveyed",
  viewport: 1,
  n: 1,
  curve: [
    [0, "#000000", 0],
    [9, "#ffffff", 0.5],
  ],
  low: 0,
  high: 9,
  least: 0,
  greatest: 9,
  counts: [],
};

let desk: Desk;
let volume: Viewport;
let survey: Survey;
const line = signal("open");
/** What the server was asked; a test answers, or says by null that five seconds are over. */
let asked: ((answer: Surveyed | null) => void)[];

beforeEach(() => {
  asked = [];
  line.value = "open";
  desk = openChest(undefined, { state: line, ask: () => new Promise((resolve) => asked.push(resolve)) });
  openMpr(desk, "volume");
  volume = desk.viewports.volume;
  volume.drawn.value = { frame: {} as never, view: volume.view.value! };
  survey = new Survey(desk);
});

const answered = async (answer: Surveyed | null): Promise<void> => {
  asked[asked.length - 1]!(answer);
  await new Promise((resolve) => setTimeout(resolve));
};
const fail = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i += 1) await answered(null);
};

test("a volume that takes longer to load than an answer is waited for is asked about again", async () => {
  const stop = survey.watch();
  await answered(null);
  expect([asked.length, survey.told.value, survey.failed.value]).toEqual([2, null, false]);
  await answered(ANSWER);
  expect([asked.length, survey.told.value, survey.failed.value]).toEqual([2, ANSWER, false]);
  stop();
});

test("an empty answer is none", async () => {
  const stop = survey.watch();
  await answered({ ...ANSWER, curve: [] });
  await answered(ANSWER);
  expect([asked.length, survey.told.value]).toEqual([2, ANSWER]);
  stop();
});

test("it gives up, says so, and asks again when it is told to", async () => {
  const stop = survey.watch();
  await fail(3);
  expect([asked.length, survey.failed.value]).toEqual([3, true]);
  survey.again();
  expect([asked.length, survey.failed.value]).toEqual([4, false]);
  await answered(ANSWER);
  expect([survey.told.value, survey.failed.value]).toEqual([ANSWER, false]);
  stop();
});

test("while the volume loads it has not failed, and when that ends it asks again", async () => {
  volume.loading.value = { done: 1, total: 9 };
  const stop = survey.watch();
  await fail(3);
  volume.loading.value = { done: 8, total: 9 };
  expect([asked.length, survey.failed.value]).toEqual([3, false]);
  volume.loading.value = null;
  expect([asked.length, survey.failed.value]).toEqual([4, false]);
  stop();
});

test("nobody is asked before the volume is drawn, nor over a line that is gone", async () => {
  line.value = "lost";
  const stop = survey.watch();
  expect(asked.length).toBe(0);
  line.value = "open";
  expect(asked.length).toBe(1);
  line.value = "lost";
  await answered(null);
  expect([asked.length, survey.failed.value]).toEqual([1, false]);
  line.value = "open";
  expect(asked.length).toBe(2);
  stop();
  await answered(null);
  expect(asked.length).toBe(2);
});

test("two parts of the page ask once, and another preset is another question", async () => {
  const other = new Survey(desk);
  const stops = [survey.watch(), other.watch()];
  expect(asked.length).toBe(1);
  await answered(ANSWER);
  expect([survey.told.value, other.told.value]).toEqual([ANSWER, ANSWER]);
  renderings.setPreset(volume, "ct_skin");
  expect([asked.length, survey.told.value]).toEqual([2, null]);
  stops.forEach((stop) => stop());
});

test("a curve in fractions that cannot be placed says so, and can be tried again", async () => {
  const own = { name: "gyri", preset: "mr_brain", points: [[0.1, "#000000", 0], [0.5, "#ffffff", 0.5]] as never };
  const first = showOwn(volume, own);
  await answered(null);
  expect(await first).toBe(false);
  expect((volume.view.value as VolumeView).curve).toBeNull();
  const second = showOwn(volume, own);
  await answered(ANSWER);
  expect(await second).toBe(true);
  expect((volume.view.value as VolumeView).curve!.map(([value]) => value)).toEqual([0.9, 4.5]);
});
