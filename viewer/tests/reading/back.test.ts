import { beforeEach, expect, test, vi } from "vitest";
import { Back, type Past } from "../../src/reading/back";
import type { Desk } from "../../src/reading/desk";
import { openMpr } from "../../src/reading/opening";
import { openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

/** A browser's history: pushing is at once, going is told later by popstate. */
class Entries implements Past {
  entries: unknown[] = [null];
  at = 0;
  going: number[] = [];
  get state(): unknown {
    return this.entries[this.at];
  }
  pushState(state: unknown): void {
    this.entries = [...this.entries.slice(0, this.at + 1), state];
    this.at += 1;
  }
  go(steps: number): void {
    this.going.push(steps);
  }
  /** The browser gets round to what it was asked. */
  arrive(): void {
    for (const steps of this.going.splice(0)) {
      this.at += steps;
      back.came(this.state);
    }
  }
  press(): void {
    this.at -= 1;
    back.came(this.state);
  }
}

let desk: Desk;
let past: Entries;
let back: Back;
beforeEach(() => {
  desk = openChest();
  past = new Entries();
  back = new Back(desk, past);
  back.watch();
});

test("back closes the sheet, then the viewport that fills the layout, then the planes, and then leaves", () => {
  openMpr(desk, null);
  desk.maximised.value = "coronal";
  desk.sheet.value = "menu";
  expect(past.at).toBe(3);
  past.press();
  expect([desk.sheet.value, desk.maximised.value, desk.layout.value]).toEqual([null, "coronal", "mpr"]);
  past.press();
  expect([desk.maximised.value, desk.layout.value]).toEqual([null, "mpr"]);
  past.press();
  expect(desk.layout.value).toBe("stack");
  expect([past.at, past.going]).toEqual([0, []]);
});

test("what is closed by hand leaves no entry behind", () => {
  desk.sheet.value = "settings";
  desk.sheet.value = null;
  past.arrive();
  expect([past.at, past.going]).toEqual([0, []]);
});

test("a sheet that opens while another one closes has its entry", () => {
  desk.sheet.value = "menu";
  desk.sheet.value = null;
  desk.sheet.value = "settings";
  past.arrive();
  expect(past.at).toBe(1);
  past.press();
  expect(desk.sheet.value).toBeNull();
});

test("a phone's planes, which open one at a time, are one step back to the stack", () => {
  openMpr(desk, "axial");
  expect(past.at).toBe(1);
  desk.maximised.value = "sagittal";
  expect(past.at).toBe(1);
  past.press();
  expect([desk.layout.value, desk.maximised.value]).toEqual(["stack", null]);
});

test("from a phone's plane to the four of them and into one again, back goes to the four", () => {
  openMpr(desk, "axial");
  desk.maximised.value = null;
  desk.maximised.value = "volume";
  expect(past.at).toBe(2);
  past.press();
  expect([desk.layout.value, desk.maximised.value]).toEqual(["mpr", null]);
});

test("forward reopens nothing and leaves no entry behind", () => {
  desk.sheet.value = "settings";
  past.press();
  past.at += 1;
  back.came(past.state);
  past.arrive();
  expect([desk.sheet.value, past.at]).toEqual([null, 0]);
});

test("a page that was loaded among its own entries goes back to where nothing is open", () => {
  past.entries = [null, { layer: 1 }, { layer: 2 }];
  past.at = 2;
  back = new Back(desk, past);
  back.watch();
  past.arrive();
  expect(past.at).toBe(0);
});
