import { expect, test } from "vitest";
import type { Geometry } from "../../src/api/messages";
import type { Lens } from "../../src/geometry/camera";
import * as box from "../../src/geometry/clip_box";
import { corners } from "../../src/geometry/grid";
import { project } from "../../src/geometry/projection";
import { add, dot, scale, subtract, turn, type Vector2, type Vector3 } from "../../src/geometry/vectors";

// 11 × 21 × 31 voxels of 2 × 1 × 3 mm, the first slice at the head.
const geometry: Geometry = {
  affine: [2, 0, 0, -10, 0, 1, 0, -5, 0, 0, -3, 60],
  shape: [31, 21, 11],
  frame_of_reference: "",
  places: null,
  holes: [],
};
const size = { width: 400, height: 300 };
const front: Lens = { centre: [0, 5, 15], right: [1, 0, 0], down: [0, 0, -1], extent_mm: 150 }; // half a mm a pixel
const whole = box.around(geometry);
const [RIGHT, LEFT, FRONT, BACK, FEET, HEAD] = box.FACES as [0, 1, 2, 3, 4, 5];

/** Seen from the front, but from the patient's right and above. */
function slanted(view: Lens): Lens {
  const aside = (v: Vector3): Vector3 => turn(turn(v, [0, 0, 1], -0.6), [1, 0, 0], 0.5);
  return { ...view, right: aside(view.right), down: aside(view.down) };
}

test("the box around a volume holds all of its voxels and nothing else", () => {
  expect(whole.centre).toEqual([0, 5, 15]);
  expect(whole.half_mm).toEqual([11, 10.5, 46.5]);
  expect(box.cornersOf(whole).map(String).sort()).toEqual(corners(geometry).map(String).sort());
});

test("faces look to the sides of the patient that they are named after", () => {
  const toward: Record<string, Vector3> = { R: [-1, 0, 0], L: [1, 0, 0], A: [0, -1, 0], P: [0, 1, 0], F: [0, 0, -1], H: [0, 0, 1] };
  for (const face of box.FACES) {
    expect(box.outward(whole, face).map((v) => v + 0)).toEqual(toward[box.SIDES[face]!]);
    // A face is a plane: its four corners lie on it, the others a whole size behind.
    const behind = box.cornersOf(whole).map((corner) => dot(subtract(box.middleOf(whole, face), corner), box.outward(whole, face)));
    expect(behind.filter((mm) => Math.abs(mm) < 1e-9)).toHaveLength(4);
    expect(behind.filter((mm) => Math.abs(mm - 2 * whole.half_mm[face >> 1]!) < 1e-9)).toHaveLength(4);
  }
});

test("a face that moves leaves the five others where they are", () => {
  for (const face of box.FACES) {
    const cut = box.moved(whole, face, -7, whole);
    for (const other of box.FACES) expect(box.cutAway(cut, other, whole)).toBeCloseTo(other === face ? 7 : 0, 9);
    expect(box.moved(cut, face, 3, whole).half_mm[face >> 1]).toBeCloseTo(whole.half_mm[face >> 1]! - 2, 9);
  }
});

test("a face goes neither beyond the volume nor through the opposite one", () => {
  const cut = box.moved(whole, LEFT, -5, whole);
  expect(box.moved(cut, LEFT, Infinity, whole)).toEqual(whole);
  const thin = box.moved(cut, RIGHT, -1000, whole);
  expect(thin.half_mm[0] * 2).toBeCloseTo(box.LEAST_MM, 9);
  expect(box.cutAway(thin, LEFT, whole)).toBeCloseTo(5, 9);
  expect(box.cutAway(thin, RIGHT, whole)).toBeCloseTo(22 - 5 - box.LEAST_MM, 9);
});

test("from the front one face is seen and its four edges are; from a corner three faces and nine edges", () => {
  const seen = (view: Lens): box.Edge[] => box.edgesOf(whole, view).filter(({ hidden }) => !hidden);
  expect(box.edgesOf(whole, front)).toHaveLength(12);
  expect(seen(front)).toHaveLength(4);
  expect(seen(front).every(({ ends }) => ends.every(([, y]) => y === -5.5))).toBe(true);
  expect(seen(slanted(front))).toHaveLength(9);
  expect(seen({ ...front, perspective: 60 })).toHaveLength(4);
  // An eye within the box sees its faces from within.
  expect(seen({ ...front, extent_mm: 4, perspective: 60 })).toHaveLength(0);
});

test.each([front, slanted(front), { ...slanted(front), perspective: 60 }])("a face follows the hand that drags it", (view) => {
  const wide = { width: 800, height: 600 }; // and away from the edges its handle stands beside it
  const followed = box.FACES.filter((face) => {
    const handle = box.handleOf(whole, face, { ...view, extent_mm: 300 }, wide, 1)!;
    const [middle, along] = [box.middleOf(whole, face), box.outward(whole, face)];
    const from = project({ ...view, extent_mm: 300 }, wide, middle)!;
    const way = subtract(project({ ...view, extent_mm: 300 }, wide, add(middle, scale(along, -3)))!, from) as Vector2;
    if (Math.hypot(...way) < 2) return false; // that looks at the viewer, or away
    // In perspective a millimetre has not the same length everywhere, but nearly.
    expect(box.pulled(handle, way)).toBeCloseTo(-3, view.perspective ? 0 : 6);
    const [dx, dy] = subtract(handle.at, from);
    expect(Math.hypot(dx, dy)).toBeCloseTo(18, 6);
    expect(dx * way[0] + dy * way[1]).toBeLessThan(0); // outside, where the face goes
    return true;
  });
  expect(followed.length).toBeGreaterThanOrEqual(4);
});

test("a face that looks at the viewer is pushed in by a hand that goes down, and so is the one behind", () => {
  for (const face of [FRONT, BACK]) {
    const handle = box.handleOf(whole, face, front, size, 1)!;
    expect(handle.at).toEqual([200, 150]);
    expect(box.pulled(handle, [7, 10])).toBeCloseTo(-5, 9);
  }
  const away = box.FACES.map((face) => box.handleOf(whole, face, front, size, 1)!.away);
  expect(away.indexOf(Math.min(...away))).toBe(FRONT); // which lies on top of the one behind
  expect(box.FACES.filter((face) => box.handleOf(whole, face, front, size, 1)!.behind)).toEqual([BACK]);
});

test("a handle stays in the picture when its face does not, and there is none for a face behind the eye", () => {
  const near = { ...front, extent_mm: 30 };
  expect(box.handleOf(whole, HEAD, near, size, 1)!.at).toEqual([200, 50]);
  expect(box.handleOf(whole, FEET, near, size, 2)!.at).toEqual([200, 300 - 2 * 72]);
  const within: Lens = { ...front, extent_mm: 4, perspective: 60 };
  expect(box.handleOf(whole, FRONT, within, size, 1)).toBeNull();
  expect(box.handleOf(whole, BACK, within, size, 1)).not.toBeNull();
});
