import { beforeEach, expect, test } from "vitest";
import { Gestures, type Drag, type Hands, type Pinch, type Pointer } from "../../src/input/gestures";
import type { Vector2 } from "../../src/geometry/vectors";

let log: string[];
let drags: Drag[];
let pinches: Pinch[];
let gestures: Gestures;
let time: number;
let spends: boolean;
let spoils: number;
let waiting: { ms: number; callback: () => void }[];

beforeEach(() => {
  log = [];
  drags = [];
  pinches = [];
  time = 0;
  spoils = 0;
  spends = false;
  waiting = [];
  const hands: Hands = {
    press: () => (log.push("press"), spends),
    drag: (drag) => drags.push(drag),
    pinch: (pinch) => pinches.push(pinch),
    tap: () => log.push("tap"),
    doubleTap: () => log.push("double tap"),
    pairTap: (at) => log.push(`pair tap ${at}`),
    hold: (at) => log.push(`hold ${at}`),
    aim: (at) => log.push(`aim ${at}`),
    drop: (at) => log.push(`drop ${at}`),
    spoil: () => (spoils += 1),
    menu: (at) => log.push(`menu ${at}`),
    flick: (_, axis) => log.push(`flick ${axis}`),
    rest: () => log.push("rest"),
  };
  gestures = new Gestures(hands, (ms, callback) => {
    const one = { ms, callback };
    waiting.push(one);
    return () => void (waiting = waiting.filter((other) => other !== one));
  });
});

/** Half a second passes without an event. */
const stay = (): void => waiting.splice(0).forEach(({ callback }) => callback());

const contact = (id: number, at: Vector2, pointer: Pointer = "touch", buttons = 1) => ({
  id,
  at,
  time: (time += 10),
  pointer,
  buttons,
});
const down = (id: number, x: number, y: number, pointer?: Pointer, buttons?: number): void =>
  gestures.down(contact(id, [x, y], pointer, buttons));
const move = (id: number, x: number, y: number, pointer?: Pointer, buttons?: number): void =>
  gestures.move(contact(id, [x, y], pointer, buttons));
const up = (id: number): void => gestures.up(id, (time += 10));

test("a finger means nothing within eight pixels, and the picture does not jump when it leaves them", () => {
  down(1, 100, 100);
  move(1, 103, 104);
  expect(drags).toEqual([]);
  move(1, 104, 112);
  expect(drags).toEqual([]);
  move(1, 104, 117);
  expect(drags.map(({ dx, dy, axis }) => [dx, dy, axis])).toEqual([[0, 5, "y"]]);
});

test("a finger keeps the axis in which it left its dead zone", () => {
  down(1, 0, 0);
  move(1, 12, 2);
  move(1, 14, 60);
  expect(drags[0]!.axis).toBe("x");
});

test("a short touch is a tap, a second one soon after a double tap", () => {
  down(1, 50, 50);
  up(1);
  down(1, 52, 50);
  up(1);
  expect(log).toEqual(["press", "tap", "rest", "press", "double tap", "rest"]);
});

test("two slow taps are two taps", () => {
  down(1, 50, 50);
  up(1);
  time += 400;
  down(1, 50, 50);
  up(1);
  expect(log.filter((entry) => entry === "tap").length).toBe(2);
});

test("two fingers zoom by their distance about their middle", () => {
  down(1, 100, 100);
  down(2, 200, 100);
  move(2, 300, 100);
  expect(pinches[0]).toMatchObject({ factor: 2, at: [200, 100], dx: 50, dy: 0 });
});

test("two fingers that move together pan without zoom", () => {
  down(1, 100, 100);
  down(2, 200, 100);
  move(1, 110, 120);
  move(2, 210, 120);
  const sum = pinches.reduce(
    (total, { dx, dy, factor }) => [total[0]! + dx, total[1]! + dy, total[2]! * factor],
    [0, 0, 1],
  );
  expect(sum[0]).toBeCloseTo(10, 9);
  expect(sum[1]).toBeCloseTo(20, 9);
  expect(sum[2]).toBeCloseTo(1, 9);
});

test("a twist is told in degrees, also across the half turn", () => {
  down(1, 0, 0);
  down(2, -100, 6);
  move(2, -100, -6);
  expect(pinches[0]!.degrees).toBeCloseTo(6.867, 2); // 2 atan(0.06)
});

test("a second finger cancels the first, and what stays after a pinch means nothing", () => {
  down(1, 100, 100);
  move(1, 100, 120);
  down(2, 200, 100);
  up(2);
  const before = drags.length;
  move(1, 100, 160);
  expect(drags.length).toBe(before);
  up(1);
  expect(log).toEqual(["press", "rest"]);
});

test("three fingers drag together", () => {
  [1, 2, 3].forEach((id) => down(id, id * 50, 100));
  [1, 2, 3].forEach((id) => move(id, id * 50 + 30, 100));
  expect(drags.every(({ fingers }) => fingers === 3)).toBe(true);
  expect(drags.reduce((sum, { dx }) => sum + dx, 0)).toBeCloseTo(30, 9);
});

test("a finger that leaves the glass moving flicks, one that stopped first does not", () => {
  down(1, 0, 0);
  [10, 30, 60, 100].forEach((y) => move(1, 0, y));
  up(1);
  expect(log).toContain("flick y");
  log.length = 0;
  down(1, 0, 0);
  [10, 30, 60, 100].forEach((y) => move(1, 0, y));
  time += 200;
  up(1);
  expect(log).not.toContain("flick y");
});

test("a mouse tells its buttons and drags after two pixels", () => {
  down(1, 0, 0, "mouse", 2);
  move(1, 0, 3, "mouse", 2);
  move(1, 0, 7, "mouse", 2);
  expect(drags[0]).toMatchObject({ buttons: 2, dy: 4, pointer: "mouse" });
  up(1);
  expect(log).not.toContain("tap");
});

test("a cancelled touch is spoilt before it rests", () => {
  down(1, 0, 0);
  move(1, 30, 0);
  expect(spoils).toBe(0);
  gestures.cancel();
  expect([spoils, log]).toEqual([1, ["press", "rest"]]);
});

test("a second finger spoils what the first one did as soon as it is down", () => {
  down(1, 100, 100);
  move(1, 140, 100);
  move(1, 180, 100);
  down(2, 300, 100);
  expect(spoils).toBe(1);
  up(1);
  up(2);
  expect([spoils, log]).toEqual([1, ["press", "rest"]]);
});

test("two fingers mean nothing within eight pixels, and beyond them the picture stays under both", () => {
  down(1, 100, 100);
  down(2, 200, 100);
  move(2, 205, 100);
  expect(pinches).toEqual([]);
  move(2, 220, 100);
  expect(pinches).toMatchObject([{ factor: 1.2, dx: 10 }]);
});

test("two fingers that touch the glass for a moment tap together, and tap nothing else", () => {
  down(1, 100, 100);
  down(2, 200, 100);
  move(2, 203, 101);
  up(1);
  up(2);
  expect(log).toEqual(["press", "pair tap 150,100", "rest"]);
});

test("two fingers that stay, or that moved, do not tap", () => {
  down(1, 100, 100);
  down(2, 200, 100);
  time += 400;
  up(1);
  up(2);
  down(1, 100, 100);
  down(2, 200, 100);
  move(2, 240, 100);
  up(1);
  up(2);
  expect(log).toEqual(["press", "rest", "press", "rest"]);
});

test("a finger that stays half a second holds, then aims, and drops where it leaves", () => {
  down(1, 50, 50);
  move(1, 53, 54);
  expect(waiting.map(({ ms }) => ms)).toEqual([500]);
  stay();
  move(1, 90, 60);
  up(1);
  expect(log).toEqual(["press", "hold 53,54", "aim 90,60", "drop 90,60", "rest"]);
  expect(drags).toEqual([]);
});

test("eight pixels, a second finger or leaving the glass cancel the long press", () => {
  down(1, 50, 50);
  move(1, 50, 58);
  expect(waiting).toEqual([]);
  up(1);
  down(1, 50, 50);
  down(2, 150, 50);
  expect(waiting).toEqual([]);
  up(1);
  up(2);
  down(1, 50, 50);
  up(1);
  expect(waiting).toEqual([]);
});

test("a held finger that the browser takes away drops nothing", () => {
  down(1, 50, 50);
  stay();
  gestures.cancel();
  expect(log).toEqual(["press", "hold 50,50", "rest"]);
});

test("a second finger calls a held one off", () => {
  down(1, 50, 50);
  stay();
  down(2, 150, 50);
  move(2, 250, 50);
  up(2);
  up(1);
  expect(log).toEqual(["press", "hold 50,50", "rest"]);
  expect(pinches).toEqual([]);
});

test("a mouse never holds", () => {
  down(1, 50, 50, "mouse");
  expect(waiting).toEqual([]);
});

test("a touch that stopped a gliding picture is no tap, no half of a double tap and no long press", () => {
  spends = true;
  down(1, 50, 50);
  expect(waiting).toEqual([]);
  up(1);
  spends = false;
  down(1, 50, 50);
  up(1);
  expect(log).toEqual(["press", "rest", "press", "tap", "rest"]);
});

test("the right button without movement asks for the menu, the middle one and both together for nothing", () => {
  down(1, 10, 20, "mouse", 2);
  up(1);
  down(1, 10, 20, "mouse", 4);
  up(1);
  down(1, 10, 20, "mouse", 1);
  move(1, 10, 20, "mouse", 3);
  move(1, 10, 20, "mouse", 2);
  up(1);
  expect(log).toEqual(["press", "menu 10,20", "rest", "press", "rest", "press", "rest"]);
});
