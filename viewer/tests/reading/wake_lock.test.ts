import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { prefer } from "../../src/reading/preferences";
import { stayAwake } from "../../src/reading/wake_lock";

/** A page that can be hidden, and a browser that counts its locks. */
class FakePage extends EventTarget {
  hidden = false;
  hide(hidden: boolean): void {
    this.hidden = hidden;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}
let page: FakePage;
let held: number;
let asked: number;
const browser = {
  wakeLock: {
    request: async () => {
      asked += 1;
      held += 1;
      const lock = new EventTarget() as EventTarget & { release(): Promise<void> };
      let released = false;
      lock.release = async () => {
        if (!released) held -= 1;
        released = true;
      };
      return lock;
    },
  },
};
let stops: (() => void)[] = [];
function start(with_: object = browser): () => void {
  const stop = stayAwake(page as unknown as Document, with_ as unknown as Navigator);
  stops.push(stop);
  return stop;
}
afterEach(() => stops.splice(0).forEach((stop) => stop()));
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

beforeEach(() => {
  page = new FakePage();
  held = asked = 0;
  prefer({ stay_awake: true });
});

test("the screen stays on while the page is seen, and may go dark while it is hidden or left", async () => {
  const stop = start();
  await soon();
  expect(held).toBe(1);
  page.hide(true);
  await soon();
  expect(held).toBe(0);
  page.hide(false);
  await soon();
  expect(held).toBe(1);
  stop();
  await soon();
  expect(held).toBe(0);
});

test("a reader who does not want it has it off at once", async () => {
  start();
  await soon();
  prefer({ stay_awake: false });
  await soon();
  expect(held).toBe(0);
  page.hide(false);
  await soon();
  expect([held, asked]).toEqual([0, 1]);
});

test("a page that is hidden while the browser thinks holds nothing", async () => {
  start();
  page.hide(true);
  await soon();
  expect(held).toBe(0);
});

test("a browser that refuses, and one that cannot, disturb nothing", async () => {
  const refusing = { wakeLock: { request: vi.fn(() => Promise.reject(new Error("low battery"))) } };
  start(refusing);
  await soon();
  page.hide(true);
  page.hide(false);
  await soon();
  expect(refusing.wakeLock.request).toHaveBeenCalledTimes(2);
  start({});
  await soon();
});
