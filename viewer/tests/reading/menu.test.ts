import { expect, test, vi } from "vitest";
import { menuOf } from "../../src/reading/menu";
import { openMpr } from "../../src/reading/opening";
import type { PlaneView, StackView } from "../../src/stream/messages";
import { en } from "../../src/words/en";
import { zh } from "../../src/words/zh";
import type { Desk } from "../../src/reading/desk";
import type { Role } from "../../src/reading/viewport";
import { chest, openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const items = (desk: Desk, role: Role) => menuOf(desk, desk.viewports[role], [400, 300]).flat();
const ids = (desk: Desk, role: Role): string[] => items(desk, role).map(({ id }) => id);

test("a stack offers what can be done to it, its windows, and the planes here", () => {
  const desk = openChest();
  const offered = ids(desk, "stack");
  for (const id of ["here", "reset", "invert", "flip-horizontal", "window-header", "window-lung", "layout-mpr"])
    expect(offered).toContain(id);
  expect(offered).not.toContain("layout-stack");
  expect(offered).not.toContain("overlays");
});

test("an image that is no volume offers no planes; one with overlays offers to hide them", () => {
  const desk = openChest(chest({ volume: null, refusal: "too_few_slices", overlays: true }));
  expect(ids(desk, "stack")).not.toContain("here");
  const overlays = items(desk, "stack").find(({ id }) => id === "overlays")!;
  expect(overlays.on).toBe(true);
  overlays.run();
  expect((desk.viewports.stack.view.value as StackView).overlays).toBe(false);
});

test("a volume rendering offers no flip, which would put a heart on the wrong side", () => {
  const desk = openChest();
  openMpr(desk, "volume");
  const offered = ids(desk, "volume");
  expect(offered.filter((id) => id.startsWith("flip") || id.startsWith("window") || id === "invert")).toEqual([]);
  expect(offered).toContain("turn-here");
});

test("a plane tells whether it is a slab, and toggles it", () => {
  const desk = openChest();
  openMpr(desk, null);
  const slab = () => items(desk, "coronal").find(({ id }) => id === "slab")!;
  expect(slab().on).toBe(false);
  slab().run();
  expect((desk.viewports.coronal.view.value as PlaneView).thickness_mm).toBe(20);
  expect(slab().on).toBe(true);
});

test("every item has a name in both languages, and no two the same id", () => {
  const desk = openChest();
  openMpr(desk, null);
  for (const role of ["stack", "axial", "volume"] as const) {
    const all = items(desk, role);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const item of all) for (const words of [zh, en]) expect(item.label(words)).toBeTruthy();
  }
});
