import { expect, test, vi } from "vitest";
import type { Desk } from "../../src/reading/desk";
import { en } from "../../src/words/en";
import * as crosses from "../../src/reading/crosses";
import * as moves from "../../src/reading/moves";
import * as turns from "../../src/reading/turns";
import { openMpr } from "../../src/reading/opening";
import { isDeep, jump, planesAt, turnAbout } from "../../src/reading/picking";
import type { Picked, PlaneView, VolumeView } from "../../src/stream/messages";
import { chest, openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const answers = (desk: Desk, picked: Picked | null): void => {
  for (const viewport of Object.values(desk.viewports)) viewport.pick = () => Promise.resolve(picked);
};
const at = (point: [number, number, number] | null, value: number | null = 312): Picked => ({
  t: "picked",
  viewport: 1,
  n: 1,
  point,
  value,
});
const plane = (desk: Desk, name: "axial" | "coronal" | "sagittal"): PlaneView =>
  desk.viewports[name].view.value as PlaneView;
const said = (desk: Desk): string | undefined => desk.toast.value?.say(en);

test("the planes go to the point that is seen in a volume rendering, and leave it", async () => {
  const desk = openChest();
  openMpr(desk, "volume");
  answers(desk, at([-30, 20, -40]));
  await jump(desk, desk.viewports.volume, [400, 300]);
  expect(desk.cross.value).toEqual([-30, 20, -40]);
  expect(plane(desk, "axial").centre[2]).toBeCloseTo(-40, 9);
  expect(plane(desk, "coronal").centre[1]).toBeCloseTo(20, 9);
  expect(plane(desk, "sagittal").centre[0]).toBeCloseTo(-30, 9);
  expect([desk.layout.value, desk.maximised.value]).toEqual(["mpr", null]);
  expect(said(desk)).toContain("312 HU");
});

test("on a small screen the axial plane shows the point", async () => {
  const desk = openChest();
  desk.small.value = true;
  openMpr(desk, "volume");
  answers(desk, at([0, 0, 0]));
  await jump(desk, desk.viewports.volume, [400, 300]);
  expect(desk.maximised.value).toBe("axial");
});

test("unlinked planes go there too: somebody wants to see it", async () => {
  const desk = openChest();
  openMpr(desk, null);
  crosses.toggleLink(desk);
  answers(desk, at([-30, 20, -40], null));
  await jump(desk, desk.viewports.volume, [400, 300]);
  expect(plane(desk, "coronal").centre[1]).toBeCloseTo(20, 9);
});

test("where nothing is seen nothing moves, and a server that does not answer is told of", async () => {
  const desk = openChest();
  openMpr(desk, null);
  const before = desk.cross.value;
  answers(desk, at(null));
  await jump(desk, desk.viewports.volume, [4, 3]);
  expect([desk.cross.value, said(desk)]).toEqual([before, en.nothing_there]);
  answers(desk, null);
  await jump(desk, desk.viewports.volume, [4, 3]);
  expect([desk.cross.value, said(desk)]).toEqual([before, en.pick_unanswered]);
});

test("an answer that comes when other images are open moves nothing", async () => {
  const desk = openChest();
  openMpr(desk, null);
  let answer: (picked: Picked) => void = () => undefined;
  desk.viewports.volume.pick = () => new Promise((resolve) => (answer = resolve));
  const asked = jump(desk, desk.viewports.volume, [400, 300]);
  desk.stack.value = chest({ digest: "cd" });
  const before = desk.cross.value;
  answer(at([-30, 20, -40]));
  await asked;
  expect(desk.cross.value).toBe(before);
});

test("a volume turns about the surface that was tapped, which keeps its place on the screen; reset forgets it", async () => {
  const desk = openChest();
  openMpr(desk, "volume");
  const { volume } = desk.viewports;
  answers(desk, at([-30, -90, -40]));
  await turnAbout(desk, volume, [400, 300]);
  const place = (): number[] => {
    const view = volume.view.value as VolumeView;
    const offset = [-30, -90, -40].map((value, i) => value - view.centre[i]!);
    return [view.right, view.down].map((axis) => axis.reduce((sum, part, i) => sum + part * offset[i]!, 0));
  };
  const before = place();
  turns.turn(desk, volume, 130, -70);
  place().forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 9));
  moves.reset(desk, volume);
  expect(desk.pivot.value).toBeNull();
});

test("a tap beside the volume puts it back as it opened", async () => {
  const desk = openChest();
  openMpr(desk, "volume");
  const { volume } = desk.viewports;
  const before = volume.view.value;
  turns.turn(desk, volume, 130, -70);
  answers(desk, at(null));
  await turnAbout(desk, volume, [4, 3]);
  expect(volume.view.value).toEqual(before);
});

test("the planes of a stack open through what is under the finger", async () => {
  const desk = openChest();
  // The image is 358.4 mm wide and high and fills the shorter side of 600 pixels; frame 50 lies at -50 mm.
  await planesAt(desk, desk.viewports.stack, [400 + 100, 300 - 60]);
  const px = (512 * 0.7) / 600;
  const middle = -180 + (511 / 2) * 0.7;
  const [x, y, z] = desk.cross.value!;
  expect(x).toBeCloseTo(middle + 100 * px, 6);
  expect(y).toBeCloseTo(middle - 60 * px, 6);
  expect(z).toBeCloseTo(-50, 9);
  expect(desk.layout.value).toBe("mpr");
});

test("a volume, a maximum and a minimum slab are deep; a thin plane, a mean and a stack are not", () => {
  const desk = openChest();
  openMpr(desk, null);
  expect(isDeep(desk.viewports.volume.view.value!)).toBe(true);
  const axial = plane(desk, "axial");
  expect(isDeep(axial)).toBe(false);
  expect(isDeep({ ...axial, thickness_mm: 20, projection: "min" })).toBe(true);
  expect(isDeep({ ...axial, thickness_mm: 20, projection: "mean" })).toBe(false);
  expect(isDeep(desk.viewports.stack.view.value!)).toBe(false);
});
