import { beforeEach, expect, test, vi } from "vitest";
import type { PlaneView, Surveyed, VolumeView } from "../../src/stream/messages";
import * as clips from "../../src/reading/clips";
import { perform } from "../../src/reading/commands";
import type { Desk } from "../../src/reading/desk";
import * as looks from "../../src/reading/looks";
import { menuOf } from "../../src/reading/menu";
import * as moves from "../../src/reading/moves";
import { openMpr, openStack } from "../../src/reading/opening";
import * as renderings from "../../src/reading/renderings";
import * as turns from "../../src/reading/turns";
import { eyeDistance } from "../../src/geometry/camera";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let desk: Desk;
beforeEach(async () => {
  desk = openChest();
  openMpr(desk, null);
  desk.active.value = "volume";
  await settled();
});
const view = (): VolumeView => desk.viewports.volume.view.value as VolumeView;
const axial = (): PlaneView => desk.viewports.axial.view.value as PlaneView;
const project = (projection: "max" | "min" | "mean" | null): void =>
  renderings.setProjection(desk, desk.viewports.volume, projection);

test("a CT opens shaded, and each projection has a window of its own until a reader chooses one", () => {
  expect(view()).toMatchObject({ projection: null, invert: false, window: [-450, 2000] });
  project("max");
  expect(view()).toMatchObject({ projection: "max", window: [300, 1000] });
  project("min");
  expect(view()).toMatchObject({ projection: "min", window: [-700, 700] });
  looks.setWindow(desk, [100, 300], false);
  project("mean");
  expect(view()).toMatchObject({ projection: "mean", window: [100, 300] });
});

test("the way back is the rendering as it was, or a preset", () => {
  renderings.setCurve(desk.viewports.volume, [[0, "#000000", 0], [100, "#ffffff", 0.5]], false);
  const before = view();
  project("max");
  project(null);
  expect(view()).toEqual({ ...before, window: [300, 1000] });
  project("mean");
  renderings.setPreset(desk.viewports.volume, "ct_skin");
  expect(view()).toMatchObject({ preset: "ct_skin", projection: null, curve: null });
});

test("window, keys and inversion act on a projection alone while it is active, and on planes alone while it is not", () => {
  project("max");
  const before = axial();
  perform(desk, { window: "lung" });
  perform(desk, { command: "invert" });
  expect(view()).toMatchObject({ window: [-600, 1500], invert: true });
  expect(axial()).toEqual(before);
  looks.dragWindow(desk, desk.viewports.volume, 30, 10);
  desk.rest();
  expect(view()).toMatchObject({ window: [-550, 1650], shift: 0 });
  desk.active.value = "axial";
  perform(desk, { window: "bone" });
  perform(desk, { command: "invert" });
  expect(axial()).toMatchObject({ window: [500, 2000], invert: true });
  expect(view()).toMatchObject({ window: [-550, 1650], invert: true });
});

test("a shaded volume has no window: a hand shifts its opacity, keys say that there is none", () => {
  looks.dragWindow(desk, desk.viewports.volume, 30, 10);
  expect(view()).toMatchObject({ shift: 20, window: [-450, 2000] });
  const before = axial();
  perform(desk, { window: "lung" });
  expect(axial()).toEqual(before);
  expect(desk.toast.value).not.toBeNull();
});

test.each([
  ["an SUV", 0, 15, { most: 7.5, step: 0.1 }],
  ["an ADC map", 0.0002, 0.0031, { most: 0.00145, step: 0.00001 }],
  ["an MR", 20, 1480, { most: 730, step: 10 }],
])("%s is shifted by its own values: five hundred pixels go through half of them and back", async (_, low, high, shifts) => {
  let asked = 0;
  const answer = { curve: [[0, "#000000", 0]], low, high } as unknown as Surveyed;
  desk = openChest(chest({ unit: "" }), { ask: () => Promise.resolve(asked++ ? null : answer) });
  openMpr(desk, "volume");
  const { volume } = desk.viewports;
  looks.dragWindow(desk, volume, 0, 25);
  expect([view().shift, looks.shiftsOf(desk, volume)]).toEqual([0, null]); // nobody has told yet how far that is
  await new Promise((resolve) => setTimeout(resolve));
  looks.dragWindow(desk, volume, 0, 25);
  expect(looks.shiftsOf(desk, volume)).toEqual(shifts);
  expect(view().shift).toBeCloseTo(shifts.most / 10, 9);
  looks.dragWindow(desk, volume, 0, -9999);
  expect([view().shift, asked]).toEqual([-shifts.most, 1]);
});

test("HU are shifted as ever, and nobody is asked", () => {
  expect(looks.shiftsOf(desk, desk.viewports.volume)).toEqual({ most: 500, step: 10 });
  looks.dragWindow(desk, desk.viewports.volume, 0, 9999);
  expect(view().shift).toBe(500);
});

test("a shift is read with three digits, whatever its unit", () => {
  expect([0, 240, -0.4, 0.00012345, 1234.5].map((shift) => renderings.shiftText(shift, "HU"))).toEqual(
    ["0 HU", "240 HU", "-0.4 HU", "0.000123 HU", "1230 HU"],
  );
});

test("steps back go through window and projection, and the camera stays out of it", async () => {
  const opened = view();
  project("max");
  await settled();
  const first = view();
  looks.setWindow(desk, [100, 300], false);
  await settled();
  turns.turn(desk, desk.viewports.volume, 80, 0);
  desk.rest();
  await settled();
  expect([desk.history.undo(), desk.history.undo()]).toEqual(["orientation", "window"]);
  expect(view()).toEqual(first);
  expect(desk.history.undo()).toBe("rendering");
  expect(view()).toEqual(opened);
  expect(desk.history.redo()).toBe("rendering");
  expect(view()).toEqual(first);
});

test("reset keeps projection and window, and takes back inversion, turns and cuts", () => {
  const opened = view();
  project("max");
  looks.invert(desk);
  clips.setBox(desk, desk.viewports.volume, true);
  turns.turn(desk, desk.viewports.volume, 80, 30);
  moves.reset(desk, desk.viewports.volume);
  expect(view()).toEqual({ ...opened, projection: "max", window: [300, 1000] });
});

test("rays of a projection are parallel; the angle is there again afterwards", () => {
  clips.togglePerspective(desk.viewports.volume);
  expect(eyeDistance(view())).toBeGreaterThan(0);
  project("max");
  expect(eyeDistance(view())).toBe(0);
  const { extent_mm } = view();
  moves.zoom(desk.viewports.volume, 1000, null, false);
  expect(view().extent_mm).toBeCloseTo(Math.max(1, extent_mm / 1000), 9);
  clips.togglePerspective(desk.viewports.volume);
  project(null);
  expect(view().perspective).toBe(45);
});

test("the menu of a projection offers windows and inversion, but no flip", () => {
  project("max");
  const ids = menuOf(desk, desk.viewports.volume, [400, 300]).flat().map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["here", "turn-here", "invert", "window-angio", "window-header"]));
  expect(ids.filter((id) => id.startsWith("flip"))).toEqual([]);
});

test("a PET opens as dark uptake in its header's window, whichever projection is chosen", () => {
  const windows = [{ centre: 8000, width: 16000, explanation: "", lut: null }];
  const pet = chest({ unit: "BQML", windows, digest: "pt" });
  openStack(desk, seriesOf(pet, { id: 10, modality: "PT" }), pet);
  openMpr(desk, null);
  desk.active.value = "volume";
  expect(view()).toMatchObject({ projection: "max", invert: true, window: [8000, 16000] });
  expect(axial().invert).toBe(false);
  project("mean");
  expect(view().window).toEqual([8000, 16000]);
  project(null);
  looks.invert(desk); // of the planes: the volume is shaded now
  expect(view().invert).toBe(true);
  moves.reset(desk, desk.viewports.volume);
  expect(view()).toMatchObject({ projection: null, invert: true });
});
