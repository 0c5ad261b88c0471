import { expect, test } from "vitest";
import type { Geometry } from "../../src/api/messages";
import * as places from "../../src/geometry/places";

/** Slices 3 mm apart at 0, 3, 6, then 18 after a hole of three, then 20.5 and 24. */
const uneven: Geometry = {
  affine: [1, 0, 0, -5, 0, 2, 0, -20, 0, 0, -3, 100],
  shape: [6, 20, 10],
  frame_of_reference: "",
  places: [0, 1, 2, 6, 41 / 6, 8],
  holes: [2],
};
const even: Geometry = { ...uneven, places: null, holes: [] };

test("without a table slice z lies at place z", () => {
  expect(places.placeOfSlice(even, 3.25)).toBe(3.25);
  expect(places.sliceAtPlace(even, 3.25)).toBe(3.25);
  expect(places.lastPlace(even)).toBe(5);
});

test("between two slices places and slices go in proportion, and each leads back to the other", () => {
  expect(places.placeOfSlice(uneven, 2.5)).toBe(4);
  expect(places.sliceAtPlace(uneven, 5)).toBe(2.75);
  for (const z of [-1, 0, 0.3, 2, 2.9, 4.5, 5, 6]) {
    expect(places.sliceAtPlace(uneven, places.placeOfSlice(uneven, z))).toBeCloseTo(z, 9);
  }
});

test("a hole begins behind one stored slice and ends before the next", () => {
  const found = [1.5, 2, 2.0005, 2.1, 4, 5.9, 6, 6.5].map((place) => places.holeAt(uneven, place));
  expect(found).toEqual([null, null, null, 2, 2, 2, null, null]);
});

test("a gap of four steps lacks three slices", () => {
  expect(places.holes(uneven)).toEqual([{ after: 2, missing: 3, from: 2, to: 6 }]);
  expect(places.missingSlices(uneven)).toBe(3);
});

test("the spacings leave holes out", () => {
  const [least, most] = places.spacings(uneven);
  expect(least).toBeCloseTo(2.5, 9);
  expect(most).toBeCloseTo(3.5, 9);
});

test("the tilt is the angle between the slices' normal and the way from one to the next", () => {
  const angle = (22.5 * Math.PI) / 180;
  const affine = [1, 0, 0, 0, 0, Math.cos(angle), 0, 0, 0, Math.sin(angle), -5, 0];
  expect(places.tiltDegrees({ ...even, affine })).toBeCloseTo(22.5, 9);
  expect(places.tiltDegrees(even)).toBe(0);
});
