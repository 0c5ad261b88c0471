/** A plan of parallel planes through the volume: which, how far apart, and where their images come to lie. */

import { signal } from "@preact/signals";
import type { Geometry } from "../api/messages";
import { normal } from "../geometry/camera";
import { corners, step } from "../geometry/grid";
import { clamp, combine, dot, length, scale, type Vector2, type Vector3 } from "../geometry/vectors";
import type { PlaneView, Reformat } from "../stream/messages";
import type { Desk } from "./desk";
import type { Projection } from "./slabs";
import type { Role } from "./viewport";

export const MOST_IMAGES = 2000;
export const MOST_SIDE = 2048;
export const MOST_BYTES = 512 * 2 ** 20;
const PIXEL_BYTES = 2;
const USUAL_MM = 3;

/** What a reader chooses. */
export interface Plan {
  /** The plane that the images are parallel to. */
  role: Role;
  thickness_mm: number;
  spacing_mm: number;
  count: number;
  projection: Projection;
  /** About the plane that is shown, or through all of the volume, and then as many as it takes. */
  range: "about" | "whole";
  description: string;
}

type Lie = Pick<PlaneView, "centre" | "right" | "down">;
export type Images = Pick<Reformat, "origin" | "right" | "down" | "pixel_mm" | "width" | "height" | "spacing_mm" | "count">;

const span = (all: number[]): [number, number] => [Math.min(...all), Math.max(...all)];

/** Where the images lie: each holds the whole of the volume's section, in pixels as fine as its voxels. */
export function imagesOf(geometry: Geometry, { centre, right, down }: Lie, { spacing_mm, count, range }: Plan): Images {
  const away = normal({ right, down });
  const all = corners(geometry);
  const along = (axis: Vector3): [number, number] => span(all.map((corner) => dot(corner, axis)));
  const [[left, rightmost], [top, bottom], [near, far]] = [along(right), along(down), along(away)];
  const finest = Math.min(...[0, 1, 2].map((axis) => length(step(geometry, axis))));
  const pixel_mm = Math.max(finest, (rightmost - left) / MOST_SIDE, (bottom - top) / MOST_SIDE);
  const pixels = (mm: number): number => clamp(Math.ceil(mm / pixel_mm - 1e-6), 1, MOST_SIDE);
  const [width, height] = [pixels(rightmost - left), pixels(bottom - top)];
  const whole = range === "whole";
  const images = whole ? clamp(Math.floor((far - near) / spacing_mm + 1e-6), 1, MOST_IMAGES) : count;
  const middle = whole ? (near + far) / 2 : dot(centre, away);
  const first = middle - ((images - 1) / 2) * spacing_mm;
  const corner: Vector3 = combine(
    scale(away, first),
    (left + rightmost - (width - 1) * pixel_mm) / 2,
    right,
    (top + bottom - (height - 1) * pixel_mm) / 2,
    down,
  );
  return { origin: corner, right, down, pixel_mm, width, height, spacing_mm, count: images };
}

export const bytesOf = ({ width, height, count }: Images): number => width * height * count * PIXEL_BYTES;

/** Where the first and the last image lie, as planes: points p with p · normal = depth. */
export function ends({ origin, right, down, spacing_mm, count }: Images): { normal: Vector3; depths: [number, number] } {
  const away = normal({ right, down });
  const first = dot(origin, away);
  return { normal: away, depths: [first, first + (count - 1) * spacing_mm] };
}

/** The line in which a plane cuts the picture of a view, millimetres from its centre; null where they are parallel. */
export function lineOn(view: Lie, away: Vector3, depth: number): { at: Vector2; along: Vector2 } | null {
  const [a, b] = [dot(view.right, away), dot(view.down, away)];
  const steep = Math.hypot(a, b);
  if (steep < 1e-3) return null;
  const far = (depth - dot(view.centre, away)) / (steep * steep);
  return { at: [far * a, far * b], along: [-b / steep, a / steep] };
}

/** Where on such a line its name stands, millimetres from the centre: where it leaves all but the picture's rim; null where it does not come in. */
export function nameOn({ at, along }: { at: Vector2; along: Vector2 }, half: Vector2): Vector2 | null {
  const inside = [0, 1].map((axis): [number, number] => {
    if (Math.abs(along[axis]!) < 1e-9) return Math.abs(at[axis]!) <= half[axis]! ? [-Infinity, Infinity] : [1, 0];
    const ends = [-half[axis]!, half[axis]!].map((end) => (end - at[axis]!) / along[axis]!);
    return span(ends);
  });
  const [from, to] = [Math.max(inside[0]![0], inside[1]![0]), Math.min(inside[0]![1], inside[1]![1])];
  return from <= to ? [at[0] + to * along[0], at[1] + to * along[1]] : null;
}

/** Planes that images can be parallel to; the section while one looks along a curve. */
export const ROLES = ["axial", "coronal", "sagittal", "section"] as const;
export const rolesHere = (desk: Desk): (typeof ROLES)[number][] => ROLES.filter((role) => role !== "section" || desk.along.value !== null);

const round = (mm: number): number => Number(mm.toPrecision(3));

/** What is proposed for a plane: slabs as it shows them; of a thin plane means, which is what reading is done on. */
export function proposed(role: Role, { thickness_mm: slab = 0, projection = "max" }: PlaneView): Plan {
  const thickness_mm = round(slab) || USUAL_MM;
  return { role, thickness_mm, spacing_mm: thickness_mm, count: 20, projection: slab ? projection : "mean", range: "about", description: "" };
}

/** What is being chosen while the panel is open. */
export const plan = signal<Plan | null>(null);
