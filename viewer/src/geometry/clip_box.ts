/** The box that a volume rendering is cut to: its faces, edges, and what a hand on a face does. */

import type { Geometry } from "../api/messages";
import type { ClipBox } from "../stream/messages";
import { normal as into, type Lens, type Size } from "./camera";
import { corners, patientAxes } from "./grid";
import { project, turnedAway } from "./projection";
import { add, clamp, dot, length, scale, subtract, type Vector2, type Vector3 } from "./vectors";

/** The low and the high face of the first axis, of the second, of the third. */
export type Face = 0 | 1 | 2 | 3 | 4 | 5;
export const FACES: readonly Face[] = [0, 1, 2, 3, 4, 5];
/** Toward which side of the patient each face looks, of a box along the patient's axes. */
export const SIDES = ["R", "L", "A", "P", "F", "H"] as const;

/** A box is never thinner: one that shows nothing would be a riddle. */
export const LEAST_MM = 2;

/** Below this part of its length across the view a normal is too much toward the viewer to be followed. */
const FORESHORTENED = 0.3;
const STAND_OFF = 18; // CSS pixels from a face to its handle
/** And to the edges of the picture, where letters, the scale bar and the scrubber stand. */
const MARGINS = { left: 46, right: 72, top: 50, bottom: 72 };
/** A handle is drawn as one behind the box when its face turns away by more than this; others stand beside the box. */
const BEHIND = 0.3;

const axisOf = (face: Face): number => face >> 1;
const signOf = (face: Face): number => (face & 1 ? 1 : -1);

export const outward = (box: ClipBox, face: Face): Vector3 => scale(box.axes[axisOf(face)]!, signOf(face));

export const middleOf = (box: ClipBox, face: Face): Vector3 =>
  add(box.centre, scale(outward(box, face), box.half_mm[axisOf(face)]!));

/** The smallest box along the patient's axes that holds the whole volume, half a voxel beyond its outermost centres. */
export function around(geometry: Geometry): ClipBox {
  const axes = patientAxes(geometry);
  const ends = axes.map((axis) => corners(geometry).map((corner) => dot(corner, axis)));
  const [low, high] = [ends.map((all) => Math.min(...all)), ends.map((all) => Math.max(...all))];
  const centre = axes.reduce<Vector3>((sum, axis, i) => add(sum, scale(axis, (low[i]! + high[i]!) / 2)), [0, 0, 0]);
  return { centre, axes, half_mm: low.map((end, i) => (high[i]! - end) / 2) as Vector3 };
}

/** How far a face stands inside the same face of `whole`, millimetres: what it cuts away. */
export const cutAway = (box: ClipBox, face: Face, whole: ClipBox): number =>
  dot(subtract(middleOf(whole, face), middleOf(box, face)), outward(box, face));

/** A face moved outward by `mm`: not beyond that of `whole`, and not through the opposite one. */
export function moved(box: ClipBox, face: Face, mm: number, whole: ClipBox): ClipBox {
  const axis = axisOf(face);
  const by = clamp(mm, LEAST_MM - 2 * box.half_mm[axis]!, cutAway(box, face, whole));
  const half_mm = box.half_mm.map((half, i) => (i === axis ? half + by / 2 : half)) as Vector3;
  return { ...box, half_mm, centre: add(box.centre, scale(outward(box, face), by / 2)) };
}

/** Corner n: bit i says whether it lies on the high side of axis i. */
export const cornersOf = (box: ClipBox): Vector3[] =>
  Array.from({ length: 8 }, (_, n) =>
    box.axes.reduce((at, axis, i) => add(at, scale(axis, (n >> i) & 1 ? box.half_mm[i]! : -box.half_mm[i]!)), box.centre),
  );

export interface Edge {
  ends: [Vector3, Vector3];
  /** Both of its faces turn their back to the viewer. */
  hidden: boolean;
}

/** The twelve edges, the hidden ones first, so that the others are drawn over them. */
export function edgesOf(box: ClipBox, view: Lens): Edge[] {
  const all = cornersOf(box);
  const facing = FACES.map((face) => turnedAway(view, middleOf(box, face), outward(box, face)) < 0);
  const edges = all.flatMap((from, n) =>
    [0, 1, 2].flatMap((axis) => {
      const to = all[n | (1 << axis)]!;
      if (n & (1 << axis)) return [];
      const sides = [0, 1, 2].filter((other) => other !== axis).map((other) => 2 * other + ((n >> other) & 1));
      return [{ ends: [from, to] as [Vector3, Vector3], hidden: !sides.some((side) => facing[side]) }];
    }),
  );
  return edges.sort((a, b) => Number(b.hidden) - Number(a.hidden));
}

export interface Handle {
  /** On the screen, device pixels. */
  at: Vector2;
  /** Where it goes for a millimetre outward, pixels. */
  pull: Vector2;
  /** How deep into the screen its normal goes: what is smaller lies on top. The same as long as nobody turns. */
  away: number;
  behind: boolean;
}

/**
 * Where a face can be taken hold of: a little outside its middle, and within the picture; null behind the eye.
 *
 * A face that looks at the viewer or away goes nowhere on the screen: there a hand that goes down pushes it into the box.
 */
export function handleOf(box: ClipBox, face: Face, view: Lens, size: Size, density: number): Handle | null {
  const [middle, normal] = [middleOf(box, face), outward(box, face)];
  const place = project(view, size, middle);
  const [out, across] = [shift(view, size, middle, normal), shift(view, size, middle, view.right)];
  if (!place || !out || !across) return null;
  const [reach, plain] = [length(out), length(across)];
  const flat = reach < FORESHORTENED * plain;
  const [x, y] = flat ? place : add(place, scale(out, (STAND_OFF * density) / reach));
  const { left, right, top, bottom } = MARGINS;
  return {
    at: [
      clamp(x, left * density, size.width - right * density),
      clamp(y, top * density, size.height - bottom * density),
    ],
    pull: flat ? [0, -plain] : out,
    away: dot(into(view), normal),
    behind: turnedAway(view, middle, normal) > BEHIND,
  };
}

/** Where a point goes on the screen for a millimetre along a unit vector. */
function shift(view: Lens, size: Size, point: Vector3, along: Vector3): Vector2 | null {
  const half = scale(along, 0.5);
  const [from, to] = [project(view, size, subtract(point, half)), project(view, size, add(point, half))];
  return from && to && subtract(to, from);
}

/** By how many millimetres a hand that went (dx, dy) pixels moves a face outward. */
export const pulled = ({ pull }: Handle, way: Vector2): number => dot(way, pull) / dot(pull, pull);
