import { h } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import type { Course } from "../../src/geometry/course";
import type { Vector3 } from "../../src/geometry/vectors";
import * as courses from "../../src/reading/courses";
import { CUT } from "../../src/reading/label_looks";
import { Walk } from "../../src/reading/walk";
import { desk } from "../../src/session";
import type { CurvedView, PlaneView } from "../../src/stream/messages";
import { ProcessedLines } from "../../src/pages/reading/processed_lines";
import { language } from "../../src/words/words";
import { said } from "./elements";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));
const answer = { counts: [[CUT, 2000], [1, 7]], voxel_mm3: 1 };
vi.mock("../../src/reading/labels", async (original) => ({ ...(await original<object>()), toldOf: () => answer }));

const common = { series: 9, stack: "ab", extent_mm: 40, window: [40, 400] as [number, number] };
const section: PlaneView = { kind: "plane", ...common, centre: [0, 0, 0], right: [1, 0, 0], down: [0, 1, 0], projection: "max", thickness_mm: 0 };
const curved: CurvedView = { kind: "curved", ...common, points: [[0, 0, 0], [0, 0, 50]], layout: "straightened", along_mm: 25 };

const tangent: Vector3 = [0, 0, 1];
const straight: Course = {
  length_mm: 50,
  points: Array.from({ length: 51 }, (_, z) => [0, 0, z]),
  tangents: Array.from({ length: 51 }, () => tangent),
  normals: Array.from({ length: 51 }, () => [1, 0, 0]),
};
const POINTS: [number, number, number][] = [[0, 0, 0], [0, 0, 50]];

beforeEach(() => {
  language.value = "zh";
  courses.curves.value = [{ id: 1, name: "", space: "", points: POINTS, traced: { points: POINTS, course: straight } }];
  desk.along.value = new Walk(desk, 1);
});

test("a section and a curved picture say in their corners that they are slabs, and of which kind", () => {
  const across = (view: PlaneView) => said(h(ProcessedLines, { viewport: desk.viewports.section, view }), "slab-text");
  const along = (view: CurvedView) => said(h(ProcessedLines, { viewport: desk.viewports.curved, view }), "slab-text");
  expect(across({ ...section, thickness_mm: 20 })).toBe("MIP 20 mm");
  expect(across({ ...section, thickness_mm: 5, projection: "min" })).toBe("MinIP 5 mm");
  expect(across(section)).toBe(along(curved));
  expect(across(section)).toBe("薄层");
  expect(along({ ...curved, thickness_mm: 4, projection: "mean" })).toMatch(/ 4 mm$/);
});

test("place and length are those of the picture; of another curve's picture nothing is said", () => {
  const place = (view: PlaneView) => said(h(ProcessedLines, { viewport: desk.viewports.section, view }), "section-text");
  const long = (view: CurvedView) => said(h(ProcessedLines, { viewport: desk.viewports.curved, view }), "curve-length");
  const walk = desk.along.value as Walk;
  walk.at_mm.value = 40; // the hand is ahead of the picture
  const drawn = { ...section, centre: [0, 0, 12.5] as Vector3 };
  expect(place(drawn)).toBe("12.5 / 50.0 mm");
  expect(place({ ...drawn, right: [0.8, 0, 0.6] })).toBe("… / … mm");
  expect(long(curved)).toBe("长 50.0 mm");
  expect(long({ ...curved, points: [[0, 0, 0], [0, 9, 50]] })).toBe("长 … mm");
  // A point was moved and its trace lost: the picture of the points before keeps its own length.
  courses.curves.value = courses.curves.value.map((curve) => ({ ...curve, points: [[0, 0, 0], [0, 9, 50]] }));
  expect(long(curved)).toBe("长 50.0 mm");
});

test("a picture says what a cut hides, and that a second volume goes on shining there", () => {
  const labels = { n: 1, styles: [{ label: CUT, shown: false }] };
  const fusion = { series: 8, stack: "cd", palette: "PET", window: [6000, 8000] as [number, number], opacity: 0.5 };
  const text = (view: PlaneView) => said(h(ProcessedLines, { viewport: desk.viewports.axial, view }), "labels-text");
  expect(text({ ...section, labels })).toBe("图像裁剪：已隐藏 2.00 mL（含空气）");
  expect(text({ ...section, labels, fusion })).toBe("图像裁剪：已隐藏 2.00 mL（含空气） · 叠加序列未隐藏");
  expect(text({ ...section, labels: { n: 1, styles: [{ label: 1, shown: true }] }, fusion })).toBeNull();
});
