import { expect, test } from "vitest";
import { age, personName } from "../../src/reading/patient";

test.each([
  ["Wang^XiaoDong=王^小东", "王小东 (Wang XiaoDong)"],
  ["王^小东", "王小东"],
  ["Smith^John^^Dr", "Smith John Dr"],
  ["Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 (Yamada Tarou)"],
  ["=王^小东", "王小东"],
  ["", ""],
  ["^^^^", ""],
])("%s is written %s", (value, name) => {
  expect(personName(value)).toBe(name);
});

test("ages are a number and a unit", () => {
  expect(age("067Y")).toEqual({ number: 67, unit: "Y" });
  expect(age("003W")).toEqual({ number: 3, unit: "W" });
  expect(age("about 60")).toBeNull();
});
