/** Vectors of two or three numbers. Points are patient space, LPS, millimetres, unless a function says otherwise. */

export type Vector2 = [number, number];
export type Vector3 = [number, number, number];
export type Vector = Vector2 | Vector3;

const each = <V extends Vector>(a: V, f: (value: number, i: number) => number): V => (a as number[]).map(f) as V;

export const add = <V extends Vector>(a: V, b: V): V => each(a, (value, i) => value + b[i]!);
export const subtract = <V extends Vector>(a: V, b: V): V => each(a, (value, i) => value - b[i]!);
export const scale = <V extends Vector>(a: V, factor: number): V => each(a, (value) => value * factor);
export const dot = <V extends Vector>(a: V, b: V): number => (a as number[]).reduce((sum, v, i) => sum + v * b[i]!, 0);
export const length = (a: Vector): number => Math.hypot(...a);
export const unit = <V extends Vector>(a: V): V => scale(a, 1 / length(a));

/** a + x·b + y·c */
export const combine = <V extends Vector>(a: V, x: number, b: V, y: number, c: V): V =>
  each(a, (value, i) => value + x * b[i]! + y * c[i]!);

export const cross = (a: Vector3, b: Vector3): Vector3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** v turned by `angle` radians about the unit vector `axis`, right-handed (Rodrigues' formula). */
export function turn(v: Vector3, axis: Vector3, angle: number): Vector3 {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const along = dot(axis, v) * (1 - cos);
  const side = cross(axis, v);
  return each(v, (value, i) => value * cos + side[i]! * sin + axis[i]! * along);
}

export const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
