import { beforeEach, expect, test } from "vitest";
import type { SeriesInfo, StackInfo } from "../../src/api/messages";
import { COMMANDS, KEYS, pressed } from "../../src/input/keys";
import * as table from "../../src/reading/key_table";
import { account, preferences, DEFAULTS, type Preferences } from "../../src/reading/preferences";
import { windowChoices } from "../../src/reading/windows";
import { zh } from "../../src/words/zh";

const press = (key: string, over: object = {}) =>
  pressed({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...over }, table.keyTable.value);

let saved: Preferences[];
beforeEach(() => {
  preferences.value = { ...DEFAULTS };
  saved = [];
  account.save = (wanted) => void saved.push(wanted);
});

// OHIF's table binds the preset at index 2 and calls it bone, while its list has liver there and bone at 3: the doctor
// who presses the key for bone reads a bone in the liver's window. Here keys, windows and names meet by id alone.
test.each([
  ["2", "soft", [40, 400], "纵隔 / 软组织"],
  ["3", "lung", [-600, 1500], "肺"],
  ["4", "bone", [500, 2000], "骨"],
  ["5", "brain", [40, 80], "脑"],
  ["6", "liver", [90, 150], "肝"],
  ["7", "angio", [200, 700], "CTA / MIP"],
  ["8", "stroke", [40, 40], "卒中"],
  ["9", "subdural", [75, 200], "硬膜下"],
])("key %s is %s: window and name are its own, whatever the list's order", (key, id, window, name) => {
  expect(press(key)).toEqual({ window: id });
  const stack = { colour: false, unit: "HU", frames: [] };
  for (const windows of [[], [1, 2, 3].map((n) => ({ centre: n, width: n, explanation: "", lut: null }))]) {
    const choices = windowChoices({ modality: "CT" } as SeriesInfo, { ...stack, windows } as unknown as StackInfo);
    expect(choices.find((choice) => choice.id === id)!.window).toEqual(window);
    expect([...choices].reverse().find((choice) => choice.id === id)!.window).toEqual(window);
  }
  expect(zh.windows[id]).toBe(name);
});

test("the windows that can have a key are those that a CT has", () => {
  const stack = { colour: false, unit: "HU", frames: [], windows: [{ centre: 1, width: 1, explanation: "", lut: null }] };
  const ids = windowChoices({ modality: "CT" } as SeriesInfo, stack as unknown as StackInfo).map(({ id }) => `window:${id}`);
  expect([...COMMANDS.windows].sort()).toEqual(ids.sort());
});

test("a key that is given away means only the new thing, and the account keeps just the difference", () => {
  table.assign("B", "window:bone");
  table.assign("4", "cine");
  expect([press("b"), press("4")]).toEqual([{ window: "bone" }, { command: "cine" }]);
  expect(table.keysOf("window:bone")).toEqual(["B"]);
  expect(saved[saved.length - 1]!.keys).toEqual({ B: "window:bone", "4": "cine" });
});

test("a key can be taken away and everything put back", () => {
  table.unassign("Escape");
  expect(press("Escape")).toBeNull();
  table.assign("Escape", "cancel");
  expect(preferences.value.keys).toEqual({});
  table.assign("Q", "fit");
  table.resetKeys();
  expect(table.keyTable.value).toEqual(KEYS);
});

test("an exported table makes another reader's keys the same", () => {
  table.assign("Q", "fit");
  table.unassign("X");
  const file = table.exported();
  const mine = { ...table.keyTable.value };
  table.resetKeys();
  expect(table.imported(file)).toBe(true);
  expect(table.keyTable.value).toEqual(mine);
});

test.each([
  "",
  "[]",
  "null",
  '{"format":"other","keys":{}}',
  '{"format":"farview-keys","keys":[]}',
  '{"format":"farview-keys","keys":{"A":"erase_everything"}}',
  '{"format":"farview-keys","keys":{"A":3}}',
])("a file that is no table changes nothing: %s", (text) => {
  table.assign("Q", "fit");
  expect(table.imported(text)).toBe(false);
  expect(press("q")).toEqual({ command: "fit" });
});

test("a command that this version does not know is left out, and the key is free", () => {
  preferences.value = { ...DEFAULTS, keys: { Q: "from_the_future" } };
  expect(press("q")).toBeNull();
});

test("keys are written as on keyboards", () => {
  expect([" ", "ArrowUp", "Ctrl+Shift+Z", "Shift+H", "+", "Ctrl++"].map(table.written)).toEqual([
    ...["␣", "↑", "Ctrl+Shift+Z", "Shift+H", "+", "Ctrl++"],
  ]);
});
