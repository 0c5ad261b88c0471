import { expect, test } from "vitest";
import { en } from "../../src/words/en";
import { zh } from "../../src/words/zh";

/** All keys below a dictionary, joined by dots. */
function keys(node: object, above = ""): string[] {
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === "object" ? keys(value as object, `${above}${key}.`) : [above + key],
  );
}

test("both languages have the same keys", () => {
  expect(keys(en).sort()).toEqual(keys(zh).sort());
});

test("no text is empty", () => {
  const empty = (node: object): boolean =>
    Object.values(node).some((value) => value === "" || (typeof value === "object" && empty(value as object)));
  expect(empty(zh) || empty(en)).toBe(false);
});
