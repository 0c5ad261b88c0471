import { expect, test } from "vitest";
import type { Geometry } from "../../src/api/messages";
import { edges } from "../../src/geometry/letters";
import * as grid from "../../src/geometry/grid";
import { normal } from "../../src/geometry/camera";
import type { Vector3 } from "../../src/geometry/vectors";

/** 10 × 20 × 30 voxels of 1 × 2 × 3 mm, frames from the head to the feet: a left-handed grid. */
const headFirst: Geometry = {
  affine: [1, 0, 0, -5, 0, 2, 0, -20, 0, 0, -3, 100],
  shape: [30, 20, 10],
  frame_of_reference: "",
  places: null,
  holes: [],
};

/** A sagittal acquisition: x goes back, y goes to the feet, frames go from right to left. */
const sagittal: Geometry = {
  affine: [0, 0, 4, -40, 0.5, 0, 0, -60, 0, -0.5, 0, 80],
  shape: [21, 256, 240],
  frame_of_reference: "",
  places: null,
  holes: [],
};

const zeros = (v: Vector3): number[] => v.map((value) => value + 0);
const stepOf = (path: grid.Slices): number[] => path.direction.map((part) => part * path.spacing_mm + 0);

test("voxel centres are where the affine says", () => {
  expect(grid.toPatient(headFirst, [1, 2, 3])).toEqual([-4, -16, 91]);
});

test.each([headFirst, sagittal])("index and patient are each other's inverse", (geometry) => {
  const index = grid.toIndex(geometry, grid.toPatient(geometry, [3, 4.25, 5]));
  [3, 4.25, 5].forEach((value, i) => expect(index[i]).toBeCloseTo(value, 9));
});

test("the box reaches half a voxel beyond the outermost centres", () => {
  const corners = grid.corners(headFirst);
  expect(Math.min(...corners.map(([x]) => x))).toBe(-5.5);
  expect(Math.max(...corners.map(([, y]) => y))).toBe(19);
  expect(Math.max(...corners.map(([, , z]) => z))).toBe(101.5);
});

test.each([headFirst, sagittal])(
  "the three planes look as radiologists expect, whatever way it was scanned",
  (geometry) => {
    const { axial, coronal, sagittal: side } = grid.screenAxes(geometry);
    expect(edges(axial.right, axial.down)).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
    expect(edges(coronal.right, coronal.down)).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
    expect(edges(side.right, side.down)).toEqual({ left: "A", right: "P", top: "H", bottom: "F" });
  },
);

test.each([headFirst, sagittal])(
  "axial is seen from the feet, coronal from the front, sagittal from the left",
  (geometry) => {
    const { axial, coronal, sagittal: side } = grid.screenAxes(geometry);
    expect(zeros(normal(axial))).toEqual([0, 0, 1]);
    expect(zeros(normal(coronal))).toEqual([0, 1, 0]);
    expect(zeros(normal(side))).toEqual([-1, 0, 0]);
  },
);

test("a slightly turned head is cut along its own grid, a strongly turned one along the patient", () => {
  const turned = (degrees: number): Geometry => {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    return { ...headFirst, affine: [c, -s, 0, 0, s, c, 0, 0, 0, 0, 1, 0] };
  };
  expect(grid.screenAxes(turned(10)).axial.right[1]).toBeCloseTo(Math.sin(Math.PI / 18), 9);
  expect(grid.screenAxes(turned(40)).axial.right).toEqual([1, 0, 0]);
});

test("the volume from each side has the right letters", () => {
  const seen = (side: Parameters<typeof grid.seenFrom>[1]) => {
    const { right, down } = grid.seenFrom(headFirst, side);
    return edges(right, down);
  };
  expect(seen("A")).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
  expect(seen("P")).toEqual({ left: "L", right: "R", top: "H", bottom: "F" });
  expect(seen("L")).toEqual({ left: "A", right: "P", top: "H", bottom: "F" });
  expect(seen("R")).toEqual({ left: "P", right: "A", top: "H", bottom: "F" });
});

test("the axial plane scrolls like the stack: the next slice is the next frame", () => {
  const path = grid.slices(headFirst, [0, 0, 1]);
  expect(path.count).toBe(30);
  expect(stepOf(path)).toEqual([0, 0, -3]);
  expect(grid.sliceOf(grid.toPatient(headFirst, [0, 0, 7]), path)).toBeCloseTo(7, 9);
});

test("a flipped plane scrolls the same way", () => {
  const [flipped, plain] = [grid.slices(headFirst, [0, 0, -1]), grid.slices(headFirst, [0, 0, 1])];
  expect(stepOf(flipped)).toEqual(stepOf(plain));
  expect([flipped.first, flipped.count]).toEqual([plain.first, plain.count]);
});

test("a coronal plane scrolls to the back, one voxel at a time", () => {
  const path = grid.slices(headFirst, [0, 1, 0]);
  expect(stepOf(path)).toEqual([0, 2, 0]);
  expect(path.count).toBe(20);
});

test("scrolling stops at both ends", () => {
  const path = grid.slices(headFirst, [0, 0, 1]);
  const [, , top] = grid.onSlice([0, 0, 50], path, -7);
  const [, , bottom] = grid.onSlice([0, 0, 50], path, 4000);
  expect([top, bottom]).toEqual([100, 13]);
});

test("a point outside is brought to the nearest voxel", () => {
  expect(grid.inside(headFirst, [-99, 0, 55])).toEqual([-5, 0, 55]);
  expect(grid.inside(headFirst, [1.25, 0, 55])).toEqual([1.25, 0, 55]);
});

/** Slices 3 mm apart from the head to the feet, at 100, 97, 94, then 82 after a hole of three, then 79.5 and 76. */
const uneven: Geometry = { ...headFirst, shape: [6, 20, 10], places: [0, 1, 2, 6, 41 / 6, 8], holes: [2] };

test("slices of an uneven stack stand where they were stored", () => {
  const stored = [100, 97, 94, 82, 79.5, 76];
  stored.forEach((mm, frame) => {
    const point = grid.toFrame(uneven, [0, 0, 33], frame);
    expect(point[2]).toBeCloseTo(mm, 9);
    expect(grid.frameAt(uneven, point)).toBe(frame);
  });
  const heights = grid.corners(uneven).map(([, , z]) => z);
  expect([Math.min(...heights), Math.max(...heights)]).toEqual([74.5, 101.5]);
  expect(grid.centre(uneven)[2]).toBe(88);
  expect(grid.inside(uneven, [0, 0, 20])[2]).toBe(76);
});

test("the frame next to a point is the nearer one in millimetres, also across a hole", () => {
  expect([93.9, 88.1, 87.9, 80.7, 77.6].map((z) => grid.frameAt(uneven, [0, 0, z]))).toEqual([2, 2, 3, 4, 5]);
});

test("an axial plane of an uneven stack scrolls from stored slice to stored slice, over a hole in one step", () => {
  const path = grid.slices(uneven, [0, 0, 1]);
  expect(path.count).toBe(6);
  const heights = [0, 1, 2, 3, 4, 5, 99].map((index) => grid.onSlice([0, 0, 90], path, index)[2]);
  [100, 97, 94, 82, 79.5, 76, 76].forEach((mm, i) => expect(heights[i]).toBeCloseTo(mm, 9));
  expect(grid.sliceOf([0, 0, 88], path)).toBeCloseTo(2.5, 9);
  expect(grid.sliceOf([0, 0, 103], path)).toBeCloseTo(-1, 9);
  expect(grid.sliceOf([0, 0, 70], path)).toBeCloseTo(7, 9);
});

test("a coronal plane of an uneven stack goes one voxel a step", () => {
  expect(grid.slices(uneven, [0, 1, 0])).toMatchObject({ stops: null, count: 20, spacing_mm: 2 });
});

/** A gantry tilted by 30° with a table that moves 5 mm: the slices lean, the third column is along the table. */
const tilted: Geometry = {
  affine: [1, 0, 0, 0, 0, Math.cos(Math.PI / 6), 0, 0, 0, Math.sin(Math.PI / 6), 5, 0],
  shape: [10, 50, 40],
  frame_of_reference: "",
  places: null,
  holes: [],
};

test("planes of a tilted stack are the patient's own, and its own slices scroll at their distance across", () => {
  expect(grid.screenAxes(tilted).axial).toEqual({ right: [1, 0, 0], down: [0, 1, 0] });
  const own: Vector3 = [0, -Math.sin(Math.PI / 6), Math.cos(Math.PI / 6)];
  const path = grid.slices(tilted, own);
  expect(path.count).toBe(10);
  expect(path.spacing_mm).toBeCloseTo(5 * Math.cos(Math.PI / 6), 9);
  expect(grid.sliceOf(grid.toPatient(tilted, [7, 9, 4]), path)).toBeCloseTo(4, 9);
});
