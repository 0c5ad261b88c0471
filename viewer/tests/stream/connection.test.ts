import { decode, encode } from "@msgpack/msgpack";
import { effect } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import { Connection, type Surface, type Wanted } from "../../src/stream/connection";
import type { Edit, Edited, Picked, StackView, Traced, VolumeView } from "../../src/stream/messages";

/** A WebSocket, a clock and an animation frame that a test moves by hand. */
class FakeSocket {
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "";
  sent: Record<string, unknown>[] = [];
  onopen: () => void = () => undefined;
  onmessage: (event: { data: ArrayBuffer }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;
  send(data: Uint8Array): void {
    this.sent.push(decode(data) as Record<string, unknown>);
  }
  close(code = 1012, reason = ""): void {
    this.onclose({ code, reason });
  }
  open(): void {
    this.readyState = 1;
    this.onopen();
  }
  say(message: object): void {
    const bytes = encode(message);
    this.onmessage({ data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer });
  }
  shows(): Record<string, unknown>[] {
    return this.sent.filter(({ t }) => t === "show");
  }
}

let sockets: FakeSocket[];
let now: number;
let frames: (() => void)[];
let timers: { ms: number; callback: () => void }[];
let connection: Connection;

beforeEach(() => {
  sockets = [];
  now = 0;
  frames = [];
  timers = [];
  connection = new Connection({
    open: () => {
      sockets.push(new FakeSocket());
      return sockets[sockets.length - 1] as unknown as WebSocket;
    },
    now: () => now,
    frame: (callback) => void frames.push(callback),
    after: (ms, callback) => void timers.push({ ms, callback }),
    hidden: () => false,
  });
  connection.open();
});

const nextFrame = (): void => frames.splice(0).forEach((callback) => callback());
const socket = (): FakeSocket => sockets[sockets.length - 1]!;

const view = (frame: number): Wanted => ({
  width: 10,
  height: 10,
  moving: true,
  view: {
    kind: "stack",
    series: 1,
    stack: "ab",
    frame,
    centre: [0, 0],
    right: [1, 0],
    down: [0, 1],
    extent_mm: 1,
    window: [0, 1],
  },
});
const surface = (over: Partial<Surface> = {}): Surface => ({
  sent: () => undefined,
  draw: () => undefined,
  progress: () => undefined,
  refuse: () => undefined,
  restart: () => undefined,
  ...over,
});
const frameOf = (show: Record<string, unknown>): number => (show.view as StackView).frame;

test("a view asked for before the line is open leaves when it opens", () => {
  connection.attach(1, surface());
  connection.show(1, view(5));
  expect(socket().sent).toEqual([]);
  socket().open();
  expect(socket().shows().map(frameOf)).toEqual([5]);
});

test("the first view leaves at once, the next with the animation frame, and only the newest of them", () => {
  connection.attach(1, surface());
  socket().open();
  [1, 2, 3, 4].forEach((n) => connection.show(1, view(n)));
  expect(socket().shows().map(frameOf)).toEqual([1]);
  nextFrame();
  expect(socket().shows().map(frameOf)).toEqual([1, 4]);
  nextFrame();
  expect(socket().shows().map(frameOf)).toEqual([1, 4]);
});

test("inputs are counted over all viewports, and each viewport hears which one was its own", () => {
  const heard: [number, number][] = [];
  [1, 2].forEach((id) => connection.attach(id, surface({ sent: (input) => heard.push([id, input]) })));
  socket().open();
  connection.show(1, view(1));
  connection.show(2, view(1));
  expect(heard).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test("a socket that does not drain gets nothing until it does, and then the newest", () => {
  connection.attach(1, surface());
  socket().open();
  socket().bufferedAmount = 1e6;
  connection.show(1, view(1));
  connection.show(1, view(2));
  nextFrame();
  expect(socket().shows()).toEqual([]);
  socket().bufferedAmount = 0;
  nextFrame();
  expect(socket().shows().map(frameOf)).toEqual([2]);
});

test("after a cut every view is sent again and sequences start anew", () => {
  let restarts = 0;
  connection.attach(1, surface({ restart: () => restarts++ }));
  connection.attach(2, surface());
  socket().open();
  connection.show(1, view(1));
  connection.show(2, view(2));
  socket().close();
  expect(connection.state.value).toBe("lost");
  timers.find(({ ms }) => ms === 200)!.callback();
  socket().open();
  expect(sockets.length).toBe(2);
  expect(socket().shows().map(frameOf)).toEqual([1, 2]);
  expect(restarts).toBe(2);
});

test("it tries again twice a second for some seconds, and in the end every five seconds", () => {
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    timers = [];
    socket().close();
    waits.push(timers[0]!.ms);
    timers[0]!.callback();
  }
  expect(waits[0]).toBe(200);
  expect(Math.max(...waits.slice(0, 12))).toBe(500);
  expect(waits.slice(17)).toEqual([5000, 5000, 5000]);
});

test("a line that cannot be opened asks whether the session has ended; one that breaks does not", () => {
  let asked = 0;
  connection.refused = () => asked++;
  socket().close();
  expect(asked).toBe(1);
  timers.splice(0)[0]!.callback();
  socket().open();
  socket().close();
  expect(asked).toBe(1);
});

test("a closed connection stays closed", () => {
  socket().open();
  connection.close();
  expect(connection.state.value).toBe("closed");
  timers.forEach(({ callback }) => callback());
  expect(sockets.length).toBe(1);
});

test("three pings measure the line, and the shortest counts", () => {
  socket().open();
  for (const took of [40, 25, 30]) {
    const asked = socket().sent.filter(({ t }) => t === "ping");
    now += took;
    socket().say({ t: "pong", n: asked[asked.length - 1]!.n });
  }
  expect(connection.line.base_ms).toBe(25);
  expect(socket().sent.filter(({ t }) => t === "ping").length).toBe(3);
});

/** A preview, or the larger one of what rests, that shows this input. */
function frameFor(input: number): ArrayBuffer {
  const header = new DataView(new ArrayBuffer(33)); // and a byte of picture
  [1, 1, 1].forEach((byte, at) => header.setUint8(at, byte));
  header.setUint16(4, 1, true);
  [input, input].forEach((n, i) => header.setUint32(8 + 4 * i, n, true));
  return header.buffer;
}

test("pictures of what rests are large, and lower no level; slow ones of what moves do", () => {
  connection.attach(1, surface({ draw: (frame) => connection.shown(frame, true) }));
  socket().open();
  for (let n = 1; n <= 3; n += 1) {
    now += 20;
    socket().say({ t: "pong", n });
  }
  const drag = (moving_ms: number, resting_ms: number): void => {
    for (const moving of [true, true, true, false]) {
      connection.show(1, { ...view(now), moving });
      now += 20 + (moving ? moving_ms : resting_ms);
      const [newest] = socket().shows().slice(-1);
      socket().onmessage({ data: frameFor(newest!.input as number) });
      nextFrame();
    }
    now += 1000;
  };
  for (let i = 0; i < 8; i += 1) drag(10, 400);
  expect(connection.line.quality.level).toBe(0);
  for (let i = 0; i < 8; i += 1) drag(400, 400);
  expect(connection.line.quality.level).toBe(5);
});

test("a ping that nobody answers means that the line is dead", () => {
  socket().open();
  now = 9000;
  timers.find(({ ms }) => ms === 1000)!.callback();
  expect(connection.state.value).toBe("lost");
});

test("loading and trouble reach their viewport, trouble of none reaches the page", () => {
  const heard: unknown[] = [];
  connection.attach(
    3,
    surface({ progress: (done, total) => heard.push([done, total]), refuse: ({ code, image }) => heard.push([code, image]) }),
  );
  socket().open();
  socket().say({ t: "loading", viewport: 3, done: 4, total: 9 });
  socket().say({ t: "trouble", viewport: 3, code: "unreadable_frame", detail: "", image: [80, 500] });
  socket().say({ t: "trouble", viewport: null, code: "invalid_message", detail: "" });
  expect(heard).toEqual([
    [4, 9],
    ["unreadable_frame", [80, 500]],
  ]);
  expect(connection.trouble.value?.code).toBe("invalid_message");
});

test("optional fields that are not set are absent, so that the server takes its defaults", () => {
  connection.attach(1, surface());
  socket().open();
  const wanted = view(1);
  connection.show(1, { ...wanted, view: { ...(wanted.view as StackView), invert: undefined } });
  expect(Object.keys(socket().shows()[0]!.view as object)).not.toContain("invert");
});

test("a viewport that is gone is closed once", () => {
  connection.attach(1, surface());
  socket().open();
  connection.detach(1);
  connection.detach(1);
  expect(socket().sent.filter(({ t }) => t === "close")).toEqual([{ t: "close", viewport: 1 }]);
});

test("a server that closes because of a view is asked ever more rarely, and the page says why", () => {
  connection.attach(1, surface());
  connection.show(1, view(5));
  const waits: number[] = [];
  for (let i = 0; i < 16; i++) {
    socket().open();
    timers = [];
    socket().close(1007);
    waits.push(timers[0]!.ms);
    timers[0]!.callback();
  }
  expect([waits[0], waits[15]]).toEqual([200, 2000]);
  expect(connection.trouble.value?.code).toBe("invalid_message");
});

test("a message that the server could not read is told to whoever may have sent it, before anything is sent again", () => {
  const edit = { t: "edit", n: 1, series: 1, stack: "ab", base: null, change: { kind: "threshold", low: 1e13, high: 1e13, label: 1 } };
  const told = vi.fn(() => (connection.edits = []));
  connection.misread = told;
  socket().open();
  connection.edit(edit as Edit);
  timers = [];
  socket().close(1012);
  timers[0]!.callback();
  socket().open();
  expect([told.mock.calls.length, socket().sent.filter(({ t }) => t === "edit").length]).toEqual([0, 1]);
  timers = [];
  socket().close(1007);
  timers[0]!.callback();
  socket().open();
  expect([told.mock.calls.length, socket().sent.filter(({ t }) => t === "edit")]).toEqual([1, []]);
});

test("once the server has answered, the next cut is mended at once", () => {
  for (let i = 0; i < 5; i++) {
    timers = [];
    socket().close();
    timers[0]!.callback();
  }
  socket().open();
  socket().say({ t: "pong", n: 1 });
  timers = [];
  socket().close();
  expect(timers[0]!.ms).toBe(200);
});

/** The server was shown this viewport. */
function shown(viewport: number): void {
  connection.attach(viewport, surface());
  socket().open();
  connection.show(viewport, view(1));
}

test("a pick is answered by its number, whatever order the answers come in", async () => {
  shown(7);
  const { width, height, view: seen } = view(5);
  const pick = (at: [number, number]): Promise<Picked | null> =>
    connection.ask((n) => ({ t: "pick", viewport: 7, n, at, width, height, view: seen }));
  const [first, second] = [pick([3.5, 4.5]), pick([9.5, 1.5])];
  const asked = socket().sent.filter(({ t }) => t === "pick");
  expect(asked).toMatchObject([
    { viewport: 7, n: 1, width: 10, height: 10, at: [3.5, 4.5], view: { frame: 5 } },
    { viewport: 7, n: 2, at: [9.5, 1.5] },
  ]);
  socket().say({ t: "picked", viewport: 7, n: 2, point: null, value: null });
  socket().say({ t: "picked", viewport: 7, n: 1, point: [1, -2, 3.25], value: 312 });
  expect(await first).toMatchObject({ point: [1, -2, 3.25], value: 312 });
  expect(await second).toMatchObject({ point: null });
});

test("a survey is answered by its number, which no pick has", async () => {
  shown(7);
  const volume: VolumeView = { ...view(1).view, kind: "volume", centre: [0, 0, 0], right: [1, 0, 0], down: [0, 0, -1], preset: "ct_bone" };
  const { width, height, view: seen } = view(5);
  const picked = connection.ask((n) => ({ t: "pick", viewport: 7, n, at: [3.5, 4.5], width, height, view: seen }));
  const surveyed = connection.ask((n) => ({ t: "survey", viewport: 7, n, view: volume }));
  expect(socket().sent.find(({ t }) => t === "survey")).toMatchObject({ viewport: 7, n: 2, view: { preset: "ct_bone" } });
  socket().say({ t: "surveyed", viewport: 7, n: 2, curve: [[0, "#000000", 0.5]], low: 0, high: 1, least: 0, greatest: 2, counts: [3] });
  socket().say({ t: "picked", viewport: 7, n: 1, point: null, value: null });
  expect(await surveyed).toMatchObject({ curve: [[0, "#000000", 0.5]], counts: [3] });
  expect(await picked).toMatchObject({ point: null });
});

test("a pick that nobody answers is null: in time, on a cut, and without a line", async () => {
  const pick = (): Promise<Picked | null> =>
    connection.ask((n) => ({ t: "pick", viewport: 1, n, at: [0, 0], width: 10, height: 10, view: view(1).view }));
  expect(await pick()).toBeNull();
  shown(1);
  const late = pick();
  timers.find(({ ms }) => ms === 5000)!.callback();
  expect(await late).toBeNull();
  socket().say({ t: "picked", viewport: 1, n: 1, point: [0, 0, 0], value: 0 }); // too late, and no harm
  const cut = pick();
  socket().close();
  expect(await cut).toBeNull();
});

test("after a cut who waits for the line asks about pictures that the server was shown, and about no others", async () => {
  shown(1);
  const trace = (viewport: number) =>
    connection.ask<Traced>((n) => ({ t: "trace", viewport, n, points: [[0, 0, 0], [1, 0, 0]] }));
  const stop = effect(() => {
    if (connection.state.value === "open") void trace(1);
  });
  socket().close();
  timers.splice(0).forEach(({ callback }) => callback());
  socket().open();
  const order = socket().sent.map(({ t }) => t).filter((t) => t === "show" || t === "trace");
  expect(order).toEqual(["show", "trace"]);
  stop();
  // "There is nothing" is what a server says of a viewport that it does not know: nobody asks it.
  expect(await trace(2)).toBeNull();
  connection.detach(1);
  expect(await trace(1)).toBeNull();
  expect(socket().sent.filter(({ t }) => t === "trace").length).toBe(1);
});

test("how far a server is that is not ready yet is known until it is lost for another reason", () => {
  socket().open();
  socket().close(1013, "3/12");
  expect(connection.state.value).toBe("lost");
  expect(connection.preparing.value).toBe("3/12");
  timers.splice(0).forEach(({ callback }) => callback());
  socket().open();
  socket().close(1012);
  expect(connection.preparing.value).toBe("");
});

const threshold = (n: number, base: number | null): Edit => ({
  t: "edit",
  n,
  series: 1,
  stack: "ab",
  base,
  change: { kind: "threshold", low: 100, high: 300, label: 1 },
});

test("after a cut the whole chain of edits is told before any view, in its order", () => {
  socket().open();
  connection.attach(1, surface());
  connection.edit(threshold(1, null));
  connection.edit(threshold(2, 1));
  connection.show(1, view(5));
  nextFrame();
  expect(socket().sent.filter(({ t }) => t === "edit").map(({ n, base }) => [n, base])).toEqual([[1, null], [2, 1]]);
  socket().close();
  connection.edit(threshold(3, 2)); // made while nobody listens
  timers.splice(0).forEach(({ callback }) => callback());
  socket().open();
  const said = socket().sent.filter(({ t }) => t === "edit" || t === "show");
  expect(said.map(({ t, n }) => [t, n])).toEqual([["edit", 1], ["edit", 2], ["edit", 3], ["show", undefined]]);
});

test("a server that has forgotten its labelmaps is told them again, and the views behind them", () => {
  socket().open();
  connection.attach(1, surface());
  connection.edit(threshold(1, null));
  connection.show(1, view(5));
  nextFrame();
  socket().sent = [];
  connection.again();
  nextFrame();
  expect(socket().sent.filter(({ t }) => t === "edit" || t === "show").map(({ t }) => t)).toEqual(["edit", "show"]);
});

test("what is edited is heard as often as it is told, and is no question's answer", async () => {
  const heard: Edited[] = [];
  connection.hear.edited = (answer) => void heard.push(answer);
  shown(1);
  const traced = connection.ask((n) => ({ t: "trace", viewport: 1, n, points: [[0, 0, 0], [1, 0, 0]] }));
  socket().say({ t: "edited", n: 1, changed: 5, counts: [[1, 5]], voxel_mm3: 2, code: "" });
  socket().say({ t: "traced", viewport: 1, n: 1, length_mm: 1, points: [], tangents: [], normals: [] });
  expect(heard).toMatchObject([{ n: 1, changed: 5 }]);
  expect(await traced).toMatchObject({ t: "traced", length_mm: 1 });
});

test("the palettes of a server are known", () => {
  socket().open();
  socket().say({ t: "welcome", presets: [], levels: [], palettes: [{ name: "HOT_IRON", colours: ["#000000", "#ffffff"] }] });
  expect(connection.palettes.value.map(({ name }) => name)).toEqual(["HOT_IRON"]);
});
