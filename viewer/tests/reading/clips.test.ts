import { beforeEach, expect, test, vi } from "vitest";
import { isClipped } from "../../src/geometry/clipped";
import { dot, type Vector3 } from "../../src/geometry/vectors";
import type { VolumeView } from "../../src/stream/messages";
import * as clips from "../../src/reading/clips";
import type { Desk } from "../../src/reading/desk";
import * as moves from "../../src/reading/moves";
import * as turns from "../../src/reading/turns";
import { openMpr } from "../../src/reading/opening";
import type { Viewport } from "../../src/reading/viewport";
import { openChest, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

// 512 × 512 × 100 voxels of 0.7 × 0.7 × 2 mm: x and y from −180.35 to 178.05, z from −149 to 51.
let desk: Desk;
let viewport: Viewport;
beforeEach(async () => {
  desk = openChest();
  openMpr(desk, "volume");
  viewport = desk.viewports.volume;
  clips.framed.value = true;
  await settled();
});
const view = (): VolumeView => viewport.view.value as VolumeView;
const geometry = () => desk.geometry.value!;

test("a box is switched on around everything, and comes back as it was", () => {
  expect(view().clip_box ?? null).toBeNull();
  clips.setBox(desk, viewport, true);
  const whole = view().clip_box!;
  expect(whole.centre.map((mm) => Number(mm.toFixed(6)))).toEqual([-1.15, -1.15, -49]);
  expect(whole.half_mm.map((mm) => Number(mm.toFixed(6)))).toEqual([179.2, 179.2, 100]);
  expect(isClipped(geometry(), view())).toBe(false);
  clips.moveFace(desk, viewport, whole, 2, -30, false);
  const cut = view().clip_box!;
  expect(clips.cutAways(geometry(), cut).map((mm) => Number(mm.toFixed(6)))).toEqual([0, 0, 30, 0, 0, 0]);
  expect(isClipped(geometry(), view())).toBe(true);
  clips.setBox(desk, viewport, false);
  expect(view().clip_box).toBeNull();
  clips.setBox(desk, viewport, true);
  expect(view().clip_box).toEqual(cut);
  clips.resetFace(desk, viewport, cut, 2);
  expect(isClipped(geometry(), view())).toBe(false);
});

test("a cut goes across the viewing direction and stays in the body when one turns", () => {
  clips.cutTo(desk, viewport, 40, false);
  const [front] = view().clip_planes!;
  expect(front!.map((part) => Number(part.toFixed(6)) + 0)).toEqual([0, 1, 0, -140.35]);
  turns.lookFrom(desk, viewport, "L");
  expect(view().clip_planes).toEqual([front]);
  expect(clips.cutOf(geometry(), view()).depth_mm).toBeCloseTo(40, 6);
  clips.cutTo(desk, viewport, 50, false); // from the patient's left now
  expect(view().clip_planes!.map((plane) => plane.map((part) => Number(part.toFixed(6)) + 0))).toEqual([[-1, 0, 0, -128.05]]);
});

test("a wheel cuts deeper and back, from nothing and to nothing", () => {
  for (const mm of [2, 2, -2, 30]) clips.cutDeeper(desk, viewport, mm);
  expect(clips.cutOf(geometry(), view()).depth_mm).toBeCloseTo(32, 6);
  expect(viewport.moving.value).toBe(true);
  clips.cutDeeper(desk, viewport, -100);
  expect(isClipped(geometry(), view())).toBe(false);
});

test("another cut leaves the one before where it is, up to six", () => {
  clips.cutAgain(desk, viewport);
  expect(view().clip_planes ?? []).toEqual([]); // there is none to keep
  clips.cutTo(desk, viewport, 40, false);
  const [first] = view().clip_planes!;
  clips.cutAgain(desk, viewport);
  expect(clips.cutOf(geometry(), view()).depth_mm).toBeCloseTo(0, 6);
  turns.lookFrom(desk, viewport, "H");
  clips.cutTo(desk, viewport, 9999, false);
  expect(view().clip_planes).toHaveLength(2);
  expect(view().clip_planes![0]).toEqual(first);
  expect(clips.cutOf(geometry(), view()).depth_mm).toBeCloseTo(200, 6); // to the other end and no further
  for (let n = 0; n < 9; n += 1) clips.cutAgain(desk, viewport);
  expect(view().clip_planes).toHaveLength(6);
});

test("what was cut away is shown again at once, or step by step", async () => {
  clips.setBox(desk, viewport, true);
  await settled();
  clips.moveFace(desk, viewport, view().clip_box!, 5, -20, false);
  await settled();
  clips.cutTo(desk, viewport, 40, false);
  await settled();
  clips.setPerspective(viewport, 60, false);
  await settled();
  const all = view();
  clips.unclip(desk, viewport);
  await settled();
  expect(isClipped(geometry(), view())).toBe(false);
  expect(view()).toMatchObject({ clip_planes: [], perspective: 60 });
  for (const expected of [all, { ...all, perspective: undefined }]) {
    expect(desk.history.undo()).toBe("rendering");
    expect(view()).toEqual(expected);
  }
  expect(desk.history.undo()).toBe("rendering");
  expect(view().clip_planes ?? []).toEqual([]);
  expect(clips.cutAways(geometry(), view().clip_box!)[5]).toBeCloseTo(20, 6);
  moves.reset(desk, viewport);
  expect(view().clip_box ?? null).toBeNull();
});

test("perspective keeps what is at the centre as large as it was, and its angle between bounds", () => {
  const { extent_mm, centre } = view();
  clips.togglePerspective(viewport);
  expect(view()).toMatchObject({ perspective: 45, extent_mm, centre });
  clips.setPerspective(viewport, 200, false);
  expect(view().perspective).toBe(90);
  clips.togglePerspective(viewport);
  expect(view().perspective).toBeNull();
});

test("a box along the axes of a head that lies turned cuts along its own grid", () => {
  const turned = { ...geometry(), affine: [0.69, -0.12, 0, -180, 0.12, 0.69, 0, -180, 0, 0, -2, 50] };
  desk.stack.value = { ...desk.stack.value!, volume: turned };
  clips.setBox(desk, viewport, true);
  const { axes, half_mm } = view().clip_box!;
  expect(half_mm[2]).toBeCloseTo(100, 6);
  expect(half_mm[0]).toBeCloseTo(256 * Math.hypot(0.69, 0.12), 6);
  expect(dot(axes[0], [0.69, 0.12, 0] as Vector3)).toBeCloseTo(Math.hypot(0.69, 0.12), 9);
});
