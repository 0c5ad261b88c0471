import { beforeEach, expect, test, vi } from "vitest";
import type { PlaneView, StackView, VolumeView } from "../../src/stream/messages";
import type { Desk } from "../../src/reading/desk";
import * as clips from "../../src/reading/clips";
import * as crosses from "../../src/reading/crosses";
import * as looks from "../../src/reading/looks";
import * as moves from "../../src/reading/moves";
import * as renderings from "../../src/reading/renderings";
import * as slabs from "../../src/reading/slabs";
import * as turns from "../../src/reading/turns";
import { openMpr, openStack } from "../../src/reading/opening";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let desk: Desk;
beforeEach(async () => {
  desk = openChest();
  await settled();
});

const stackView = (): StackView => desk.viewports.stack.view.value as StackView;
const plane = (name: "axial" | "coronal" | "sagittal"): PlaneView => desk.viewports[name].view.value as PlaneView;

test("a window is taken back and brought again in every viewport that shares it", async () => {
  openMpr(desk, null);
  await settled();
  looks.setWindow(desk, [40, 400], false);
  await settled();
  expect(desk.history.undo()).toBe("window");
  expect([stackView().window, plane("coronal").window]).toEqual([
    [-450, 2000],
    [-450, 2000],
  ]);
  expect(desk.history.redo()).toBe("window");
  expect([stackView().window, plane("coronal").window]).toEqual([
    [40, 400],
    [40, 400],
  ]);
});

test("a whole gesture is one step", async () => {
  const before = stackView();
  for (let i = 0; i < 20; i += 1) {
    moves.zoom(desk.viewports.stack, 1.05, [400, 300], true);
    moves.pan(desk.viewports.stack, 3, 1, true);
    await settled();
  }
  desk.rest();
  await settled();
  expect(desk.history.undo()).toBe("camera");
  expect(stackView()).toEqual(before);
  expect(desk.history.undoable).toBe(false);
});

test("the image that is shown is no part of it, and what is taken back is taken back where one is now", async () => {
  moves.scroll(desk, desk.viewports.stack, 7, false);
  await settled();
  expect(desk.history.undoable).toBe(false);
  turns.rotate(desk, desk.viewports.stack, 90);
  await settled();
  moves.scroll(desk, desk.viewports.stack, 20, false);
  await settled();
  expect(desk.history.undo()).toBe("orientation");
  expect(stackView()).toMatchObject({ frame: 77, right: [1, 0], down: [0, 1] });
});

test("planes keep the crosshair that was moved since", async () => {
  openMpr(desk, null);
  await settled();
  slabs.setProjection(desk.viewports.coronal, "max");
  await settled();
  crosses.crossTo(desk, desk.viewports.axial, [500, 200], false);
  await settled();
  const [, y] = desk.cross.value!;
  expect(desk.history.undo()).toBe("slab");
  expect(plane("coronal").thickness_mm).toBe(0);
  expect(plane("coronal").centre[1]).toBeCloseTo(y, 9);
});

test("a layout is taken back with the viewport that is active in it", async () => {
  openMpr(desk, null);
  await settled();
  desk.maximised.value = desk.active.value = "coronal";
  await settled();
  expect(desk.history.undo()).toBe("layout");
  expect([desk.layout.value, desk.maximised.value, desk.active.value]).toEqual(["mpr", null, "coronal"]);
  expect(desk.history.undo()).toBe("layout");
  expect([desk.layout.value, desk.active.value]).toEqual(["stack", "stack"]);
  expect(desk.history.undo()).toBeNull();
});

test("a volume's preset and turn are steps of their own", async () => {
  openMpr(desk, "volume");
  await settled();
  const before = desk.viewports.volume.view.value;
  renderings.setPreset(desk.viewports.volume, "ct_skin");
  await settled();
  turns.turn(desk, desk.viewports.volume, 100, 0);
  desk.rest();
  await settled();
  expect(desk.history.undo()).toBe("orientation");
  expect((desk.viewports.volume.view.value as VolumeView).preset).toBe("ct_skin");
  expect(desk.history.undo()).toBe("rendering");
  expect(desk.viewports.volume.view.value).toEqual(before);
});

test("a point that was dragged is one step, and the preset it began as comes back with it", async () => {
  openMpr(desk, "volume");
  await settled();
  const { volume } = desk.viewports;
  const before = volume.view.value;
  for (let i = 1; i <= 10; i += 1) {
    renderings.setCurve(volume, [[0, "#000000", 0], [100 + i, "#ffffff", 0.5]], true);
    await settled();
  }
  desk.rest();
  await settled();
  renderings.setPreset(volume, "ct_skin");
  await settled();
  expect((volume.view.value as VolumeView).curve).toBeNull();
  expect(desk.history.undo()).toBe("rendering");
  expect((volume.view.value as VolumeView).curve![1]).toEqual([110, "#ffffff", 0.5]);
  expect(desk.history.undo()).toBe("rendering");
  expect(volume.view.value).toEqual(before);
});

test("a flight through the body is a step, also where only the depth changes", async () => {
  openMpr(desk, "volume");
  const { volume } = desk.viewports;
  clips.togglePerspective(volume);
  moves.zoom(volume, 1000, [400, 300], false); // as near as the eye comes to the centre
  await settled();
  const before = volume.view.value as VolumeView;
  moves.zoom(volume, 1.5, [400, 300], false);
  await settled();
  const after = volume.view.value as VolumeView;
  expect([after.extent_mm, after.centre[0], after.centre[2]]).toEqual([before.extent_mm, before.centre[0], before.centre[2]]);
  expect(after.centre[1]).toBeGreaterThan(before.centre[1] + 1);
  expect(desk.history.undo()).toBe("camera");
  expect(volume.view.value).toEqual(before);
});

test("a new act after an undo ends the way forward", async () => {
  looks.invert(desk);
  await settled();
  desk.history.undo();
  turns.rotate(desk, desk.viewports.stack, 90);
  await settled();
  expect(desk.history.redo()).toBeNull();
});

test("another series begins without a past", async () => {
  looks.invert(desk);
  await settled();
  const other = chest({ digest: "cd" });
  openStack(desk, seriesOf(other, { id: 10 }), other);
  await settled();
  expect(desk.history.undo()).toBeNull();
});

test("a turned phone is no step, and what filled the old screen fills the new one after an undo", async () => {
  turns.rotate(desk, desk.viewports.stack, 90);
  await settled();
  desk.viewports.stack.resize({ width: 300, height: 900 }, true);
  await settled();
  expect(desk.history.undo()).toBe("orientation");
  expect(desk.history.undoable).toBe(false);
  expect(stackView().extent_mm).toBeCloseTo(512 * 0.7, 9);
  expect(desk.viewports.stack.fitted).toBe(true);
});

test("frames with windows of their own keep theirs through an undo", async () => {
  const { frames } = chest();
  const own = chest({
    digest: "ef",
    frames: frames.map((frame, i) => ({ ...frame, window: [50, 100 + i] as [number, number] })),
  });
  openStack(desk, seriesOf(own, { modality: "MR" }), own);
  await settled();
  moves.scroll(desk, desk.viewports.stack, 3, false);
  await settled();
  expect(desk.history.undoable).toBe(false);
  looks.setWindow(desk, [60, 300], false);
  await settled();
  moves.scroll(desk, desk.viewports.stack, 4, false);
  await settled();
  expect(desk.history.undo()).toBe("window");
  expect(stackView()).toMatchObject({ frame: 57, window: [50, 157] });
});
