import { expect, test } from "vitest";
import { between, pathsOn, placeAt, placeOf, sectionAxes, straightened, type Course } from "../../src/geometry/course";
import { cross, dot, length, subtract, type Vector3 } from "../../src/geometry/vectors";

/** A quarter of a circle of 100 mm about the head's axis, from the patient's left to the back, from its formula. */
const STEPS = 200;
const angleAt = (i: number): number => (i / STEPS) * (Math.PI / 2);
const quarter: Course = {
  length_mm: 50 * Math.PI,
  points: Array.from({ length: STEPS + 1 }, (_, i) => [100 * Math.cos(angleAt(i)), 100 * Math.sin(angleAt(i)), 7] as Vector3),
  tangents: Array.from({ length: STEPS + 1 }, (_, i) => [-Math.sin(angleAt(i)), Math.cos(angleAt(i)), 0] as Vector3),
  normals: Array.from({ length: STEPS + 1 }, () => [0, 0, 1] as Vector3),
};

test("a place along a quarter of a circle is that of its angle, with a square frame", () => {
  for (const mm of [0, 12.3, 50 * Math.PI * 0.77, 50 * Math.PI]) {
    const { point, tangent, across, beside } = placeAt(quarter, mm);
    const angle = mm / 100;
    expect(length(subtract(point, [100 * Math.cos(angle), 100 * Math.sin(angle), 7]))).toBeLessThan(1e-3); // of a chord
    expect(length(subtract(tangent, [-Math.sin(angle), Math.cos(angle), 0]))).toBeLessThan(1e-5);
    for (const [a, b] of [[tangent, across], [tangent, beside], [across, beside]] as const) expect(Math.abs(dot(a, b))).toBeLessThan(1e-12);
    for (const axis of [tangent, across, beside]) expect(length(axis)).toBeCloseTo(1, 12);
    expect(beside).toEqual(cross(tangent, across));
  }
});

test("one looks along the curve in its sections, and beyond its ends stays at them", () => {
  const place = placeAt(quarter, 40);
  const { right, down } = sectionAxes(place);
  expect(length(subtract(cross(right, down), place.tangent))).toBeLessThan(1e-12);
  expect(placeAt(quarter, -5).point).toEqual(quarter.points[0]);
  expect(placeAt(quarter, 1e6).point).toEqual(quarter.points[STEPS]);
});

test("a section tells where on the curve it lies, also one that was moved in its plane", () => {
  for (const mm of [0, 12.34, 40, 50 * Math.PI * 0.77, 50 * Math.PI]) {
    const place = placeAt(quarter, mm);
    const axes = sectionAxes(place);
    const view = { ...axes, centre: place.point, extent_mm: 40 };
    expect(placeOf(quarter, view)).toBeCloseTo(mm, 6);
    expect(placeOf(quarter, { ...view, centre: place.point.map((part, i) => part + 9 * axes.right[i]! - 4 * axes.down[i]!) as Vector3 })).toBeCloseTo(mm, 6);
  }
});

test("a plane that is not across the curve is no section of it", () => {
  const place = placeAt(quarter, 40);
  const { right, down } = sectionAxes(place);
  const view = { right, down, centre: place.point, extent_mm: 40 };
  const tilted = down.map((part, i) => Math.cos(0.02) * part + Math.sin(0.02) * place.tangent[i]!) as Vector3;
  expect(placeOf(quarter, { ...view, down: tilted })).toBeNull(); // as after the curve was moved
  expect(placeOf(quarter, { ...view, right: down, down: right })).toBeNull(); // seen from the other side
  expect(placeOf(quarter, { ...view, centre: [0, 500, 7] })).toBeNull();
});

test("what lies near a plane is drawn apart from what does not", () => {
  const size = { width: 400, height: 400 };
  const axial = { centre: [0, 0, 7] as Vector3, right: [1, 0, 0] as Vector3, down: [0, 1, 0] as Vector3, extent_mm: 400 };
  const all = pathsOn(axial, size, quarter.points, 1);
  expect(all.near).toBe(all.all);
  expect(all.all.startsWith("M300.0 200.0L")).toBe(true);
  expect(pathsOn({ ...axial, centre: [0, 0, 20] }, size, quarter.points, 1).near).toBe("");
  const coronal = { ...axial, centre: [0, 50, 0] as Vector3, right: [1, 0, 0] as Vector3, down: [0, 0, -1] as Vector3 };
  const near = pathsOn(coronal, size, quarter.points, 2).near;
  const xs = [...near.matchAll(/[ML]([\d.]+)/g)].map((match) => Number(match[1]));
  expect(xs.length).toBeGreaterThan(2);
  for (const x of xs) expect(Math.abs(Math.sqrt(1e4 - (x - 200) ** 2) - 50)).toBeLessThan(2.1);
});

test("a pixel on the curve is a place between the control points beside it", () => {
  const view = { centre: [0, 0, 7] as Vector3, right: [1, 0, 0] as Vector3, down: [0, 1, 0] as Vector3, extent_mm: 400 };
  const size = { width: 400, height: 400 };
  const controls = [0, 40, 130, STEPS].map((i) => quarter.points[i]!);
  const on = (i: number, beside: number): [number, number] => {
    const [x, y] = quarter.points[i]!;
    return [200 + x * (1 + beside / 100), 200 + y * (1 + beside / 100)];
  };
  const found = (i: number, beside = 0, depth = 7) =>
    between(quarter, controls, { view: { ...view, centre: [0, 0, depth] }, size, pixel: on(i, beside), reach: 6, near_mm: 1.5 });
  for (const [i, index] of [[20, 1], [60, 2], [129, 2], [160, 3]] as const) expect(found(i)).toEqual({ index, point: quarter.points[i] });
  expect(found(60, 5)).toMatchObject({ index: 2 });
  expect(found(60, 7)).toBeNull();
  expect(found(60, 0, 9)).toBeNull(); // the plane lies elsewhere
});

test("a straightened picture has the curve in its middle column, its millimetres downwards", () => {
  const view = { along_mm: 25, across_mm: 5, extent_mm: 40 };
  expect(straightened(view, { width: 600, height: 400 }, 25)).toEqual([250, 200]);
  expect(straightened(view, { width: 600, height: 400 }, 35)).toEqual([250, 300]);
});
