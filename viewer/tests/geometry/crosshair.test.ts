import { describe, expect, it } from "vitest";
import { crosshair, handles, swept } from "../../src/geometry/crosshair";
import { normal } from "../../src/geometry/camera";
import { turned } from "../../src/geometry/trackball";
import { dot, type Vector3 } from "../../src/geometry/vectors";

const size = { width: 400, height: 300 };
const point: Vector3 = [10, 20, 30];
const axial = { centre: [0, 0, 30] as Vector3, right: [1, 0, 0] as Vector3, down: [0, 1, 0] as Vector3, extent_mm: 300 };
const coronal = { centre: [0, 20, 0] as Vector3, right: [1, 0, 0] as Vector3, down: [0, 0, -1] as Vector3 };
const sagittal = { centre: [10, 0, 0] as Vector3, right: [0, 1, 0] as Vector3, down: [0, 0, -1] as Vector3 };

describe("the crosshair", () => {
  it("has two handles on each line, on both sides of the cross", () => {
    const cross = crosshair(axial, size, point, [
      ["coronal", coronal],
      ["sagittal", sagittal],
    ]);
    const found = handles(cross, size);
    expect(cross.at).toEqual([210, 170]);
    expect(found).toHaveLength(4);
    const [a, b, c, d] = found.map(([x, y]) => [Math.round(x), Math.round(y)].join());
    expect(new Set([a, b])).toEqual(new Set(["318,170", "102,170"])); // the coronal plane cuts across
    expect(new Set([c, d])).toEqual(new Set(["210,278", "210,62"]));
  });

  it("counts a sweep clockwise and never the long way round", () => {
    expect(swept([0, 0], [10, 0], [0, 10])).toBeCloseTo(Math.PI / 2);
    expect(swept([0, 0], [-10, 1], [-10, -1])).toBeCloseTo(2 * Math.atan(0.1));
  });

  it("turns the other planes about the point, as the finger goes", () => {
    const camera = { ...coronal, extent_mm: 300 };
    const now = turned(camera, normal(axial), Math.PI / 6, point);
    // Clockwise on the axial picture, from the patient's left (right on the screen) to the back (down).
    expect(now.right[0]).toBeCloseTo(Math.cos(Math.PI / 6));
    expect(now.right[1]).toBeCloseTo(Math.sin(Math.PI / 6));
    expect(now.right[2]).toBeCloseTo(0);
    const away = [point[0] - now.centre[0], point[1] - now.centre[1], point[2] - now.centre[2]] as Vector3;
    expect(dot(away, normal(now))).toBeCloseTo(0); // the point is still in the plane
  });
});
