import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as curves from "../../src/reading/curves";
import type { Curve, Span } from "../../src/reading/curves";
import { bars, isOnLine, line, MARGIN, nearest, opacityAt, placeOf, ticks, valueAt, xOf, yOf } from "../../src/reading/plot";
import { MAX_POINTS } from "../../src/stream/messages";

const CURVE: Curve = [
  [-1024, "#000000", 0],
  [100, "#200000", 0],
  [200, "#400000", 0.5],
  [600, "#ffffff", 0.9],
];
const ALL: Span = [-1024, 3071];
const PLOT = { width: 400, height: 120, span: [0, 800] as Span };

// ── pixels ──

test("values and opacities are where their pixels say, both ways", () => {
  expect([xOf(PLOT, 0), xOf(PLOT, 200), xOf(PLOT, 800)]).toEqual([0, 100, 400]);
  expect([yOf(PLOT, 0), yOf(PLOT, 1)]).toEqual([120 - MARGIN, MARGIN]);
  // A quarter of the opacity is half of the height.
  expect(yOf(PLOT, 0.25)).toBe(60);
  for (const x of [0, 33, 400]) expect(xOf(PLOT, valueAt(PLOT, x))).toBeCloseTo(x, 9);
  for (const y of [MARGIN, 47, 110]) expect(yOf(PLOT, opacityAt(PLOT, y))).toBeCloseTo(y, 9);
  expect([opacityAt(PLOT, -50), opacityAt(PLOT, 500)]).toEqual([1, 0]);
});

test("the nearest point within reach is taken, and none beyond", () => {
  const [x, y] = placeOf(PLOT, CURVE[2]!);
  expect(nearest(PLOT, CURVE, [x + 9, y - 9], 22)).toBe(2);
  expect(nearest(PLOT, CURVE, [x + 9, y - 9], 12)).toBeNull();
  const close: Curve = [...CURVE.slice(0, 3), [220, "#ffffff", 0.5], CURVE[3]!];
  expect(nearest(PLOT, close, [x + 7, y], 22)).toBe(3);
});

test("the line goes through the points and bends between them as absorption does", () => {
  const places = line(PLOT, CURVE);
  expect(places[0]![0]).toBe(0);
  expect(places[places.length - 1]![0]).toBe(400);
  for (const point of CURVE.slice(1)) expect(places).toContainEqual(placeOf(PLOT, point));
  const middle = places.find(([x]) => Math.abs(x - xOf(PLOT, 400)) < 0.01)!;
  // τ is the mean of −ln 0.5 and −ln 0.1: the transmission is the geometric mean.
  expect(middle[1]).toBeCloseTo(yOf(PLOT, 1 - Math.sqrt(0.5 * 0.1)), 6);
  expect(isOnLine(PLOT, CURVE, [middle[0], middle[1] + 10], 12)).toBe(true);
  expect(isOnLine(PLOT, CURVE, [middle[0], middle[1] + 14], 12)).toBe(false);
});

test("ticks are round, about a hundred pixels apart, and whole", () => {
  expect(ticks({ ...PLOT, span: [-50, 850] })).toEqual([0, 500]);
  expect(ticks(PLOT)).toEqual([200, 400, 600]);
  expect(ticks({ ...PLOT, span: [-0.013, 0.045] })).toEqual([0, 0.02, 0.04]);
});

test("bars of a histogram are at most one high, and none of nothing", () => {
  expect(bars([0, 9, 99])).toEqual([0, Math.log(10) / Math.log(100), 1]);
  expect(bars([0, 0])).toEqual([0, 0]);
});

// ── points ──

test("between points extinction and colour are linear, beyond them constant", () => {
  const [, colour, opacity] = curves.at(CURVE, 150);
  expect(colour).toBe("#300000");
  expect(opacity).toBeCloseTo(1 - Math.sqrt(0.5), 12);
  expect(curves.at(CURVE, 200)).toEqual([200, "#400000", 0.5]);
  expect(curves.at(CURVE, -2000)).toEqual([-2000, "#000000", 0]);
  expect(curves.at(CURVE, 900)).toEqual([900, "#ffffff", 0.9]);
});

test("a point more changes nothing, wherever it comes", () => {
  for (const value of [-500, 150, 433, 2000]) {
    const more = curves.inserted(CURVE, value, 1)!;
    expect(more.curve.length).toBe(5);
    expect(more.curve[more.index]![0]).toBe(value);
    expect(more.curve.map(([v]) => v)).toEqual(more.curve.map(([v]) => v).sort((a, b) => a - b));
    for (const v of [-800, 120, 170, 300, 550]) {
      expect(curves.at(more.curve, v)[2]).toBeCloseTo(curves.at(CURVE, v)[2], 5);
    }
  }
});

test("no point comes on another one, and no more than the server takes", () => {
  expect(curves.inserted(CURVE, 200, 1)).toBeNull();
  expect(curves.inserted(CURVE, 200.4, 1)).toBeNull();
  const full: Curve = Array.from({ length: MAX_POINTS }, (_, i) => [i * 10, "#000000", 0]);
  expect(curves.inserted(full, 15, 1)).toBeNull();
  expect(curves.insertedAfter(CURVE, 1, 1)?.curve[2]).toEqual([150, "#300000", 0.292893]);
  expect(curves.insertedAfter(CURVE, 3, 1)?.index).toBe(3);
});

test("a point stops a step before its neighbours and within the opacities there are", () => {
  expect(curves.moved(CURVE, 2, 5000, 2, ALL, 1)[2]).toEqual([599, "#400000", curves.MOST_OPAQUE]);
  expect(curves.moved(CURVE, 2, -5000, -1, ALL, 1)[2]).toEqual([101, "#400000", 0]);
  expect(curves.moved(CURVE, 2, 250.4, 0.123456, ALL, 1)[2]).toEqual([250, "#400000", 0.1235]);
  expect(curves.moved(CURVE, 3, 1e9, 0.5, ALL, 1)[3]![0]).toBe(3071 + 4095);
  expect(CURVE[2]).toEqual([200, "#400000", 0.5]); // the old curve is as it was
});

test("values that rise stay rising, whatever is done to them", () => {
  let curve: Curve = CURVE;
  let seed = 7;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < 500; i += 1) {
    const index = Math.floor(random() * curve.length);
    const kind = random();
    if (kind < 0.6) curve = curves.moved(curve, index, -1500 + random() * 5000, random() * 1.2 - 0.1, ALL, 1);
    else if (kind < 0.8) curve = curves.inserted(curve, -1100 + random() * 4000, 1)?.curve ?? curve;
    else curve = curves.removed(curve, index);
    expect(curve.length).toBeGreaterThanOrEqual(2);
    expect(curve.length).toBeLessThanOrEqual(MAX_POINTS);
    for (let k = 1; k < curve.length; k += 1) expect(curve[k]![0]).toBeGreaterThan(curve[k - 1]![0]);
    for (const [, colour, opacity] of curve) {
      expect(colour).toMatch(/^#[0-9a-f]{6}$/);
      expect(opacity >= 0 && opacity < 1).toBe(true);
    }
  }
});

test("the last two points cannot be removed", () => {
  const two = curves.removed(curves.removed(CURVE, 0), 0);
  expect(two).toEqual(CURVE.slice(2));
  expect(curves.removed(two, 0)).toBe(two);
});

test("a shift moves every point, and none when it is nothing", () => {
  expect(curves.shifted(CURVE, 30).map(([value]) => value)).toEqual([-994, 130, 230, 630]);
  expect(curves.shifted(CURVE, 0)).toBe(CURVE);
});

test("steps are whole HU, and a thousandth of anything else", () => {
  expect(curves.stepOf("HU", ALL)).toBe(1);
  expect(curves.stepOf("", [0, 685])).toBe(0.1);
  expect(curves.stepOf("", [0, 66_000])).toBe(10);
});

// ── what is seen ──

test("the plot opens on what the curve does", () => {
  const [from, to] = curves.fitting([...CURVE, [1200, "#ffffff", 0.95], [3071, "#ffffff", 0.97]]);
  expect(from).toBeCloseTo(100 - 0.12 * 1100, 9);
  expect(to).toBeCloseTo(1200 + 0.12 * 1100, 9);
  const air: Curve = [
    [-1024, "#ffffff", 0.25],
    [-985, "#ffffff", 0.25],
    [-925, "#ffffff", 0],
    [3071, "#000000", 0],
  ];
  expect(curves.fitting(air)[0]).toBeLessThan(-1024); // what shows something is seen
  expect(curves.fitting(CURVE.slice(2))).toEqual([152, 648]);
});

test("every preset's plot shows each of its points that rises or falls", () => {
  const text = readFileSync(fileURLToPath(new URL("../../../kernels/presets.py", import.meta.url)), "utf8");
  const found = [...text.matchAll(/"(\w+)": _curve\(([^)]*)\)/g)];
  expect(found.length).toBeGreaterThan(30);
  for (const [, name, body] of found) {
    const numbers = [...body!.matchAll(/(-?[\d.]+) (#[0-9a-f]{6}) ([\d.]+)/g)];
    const curve = numbers.map(([, value, colour, opacity]): curves.Point => [Number(value), colour!, Number(opacity)]);
    const [from, to] = curves.fitting(curve);
    const seen = curve.filter(([value]) => value >= from && value <= to);
    expect([name, seen.length >= curve.length - 2, to > from]).toEqual([name, true, true]);
    const inner = curve.slice(1, -1).filter(([value]) => value < from || value > to);
    expect([name, inner]).toEqual([name, []]);
  }
});

test("zooming keeps the value under the hand, and ends at all values and at twenty steps", () => {
  const near = curves.zoomed([0, 1000], 2, 250, ALL, 1);
  expect(near).toEqual([125, 625]);
  expect(curves.zoomed(near, 0.5, 250, ALL, 1)).toEqual([0, 1000]);
  const [from, to] = curves.zoomed([0, 30], 8, 10, ALL, 1);
  expect(to - from).toBeCloseTo(20, 9);
  expect(curves.zoomed([0, 3000], 0.1, 100, ALL, 1)[1] - curves.zoomed([0, 3000], 0.1, 100, ALL, 1)[0]).toBe(4095);
});

test("the ground is pushed as far as there are values", () => {
  expect(curves.panned([0, 1000], -200, ALL)).toEqual([-200, 800]);
  expect(curves.panned([0, 1000], -5000, ALL)).toEqual([-1024, -24]);
  expect(curves.panned([0, 1000], 5000, ALL)).toEqual([2071, 3071]);
});
