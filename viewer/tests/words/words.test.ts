import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { en as page_en } from "../../src/words/en";
import { en as help_en } from "../../src/words/help_en";
import { zh as help_zh } from "../../src/words/help_zh";
import { en as menu_en } from "../../src/words/menu_en";
import { zh as menu_zh } from "../../src/words/menu_zh";
import { en as password_en } from "../../src/words/password_en";
import { zh as password_zh } from "../../src/words/password_zh";
import { en as problems_en } from "../../src/words/problems_en";
import { zh as problems_zh } from "../../src/words/problems_zh";
import { en as processing_en } from "../../src/words/processing_en";
import { zh as processing_zh } from "../../src/words/processing_zh";
import { en as player_en } from "../../src/words/player_en";
import { zh as player_zh } from "../../src/words/player_zh";
import { en as renderings_en } from "../../src/words/renderings_en";
import { zh as renderings_zh } from "../../src/words/renderings_zh";
import { en as system_en } from "../../src/words/system_en";
import { zh as system_zh } from "../../src/words/system_zh";
import { zh as page_zh } from "../../src/words/zh";

const zh = {
  page: page_zh,
  help: help_zh,
  menu: menu_zh,
  password: password_zh,
  player: player_zh,
  problems: problems_zh,
  processing: processing_zh,
  renderings: renderings_zh,
  system: system_zh,
};
const en = {
  page: page_en,
  help: help_en,
  menu: menu_en,
  password: password_en,
  player: player_en,
  problems: problems_en,
  processing: processing_en,
  renderings: renderings_en,
  system: system_en,
};

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
const files = (readdirSync(SRC, { recursive: true }) as string[])
  .filter((name) => /\.tsx?$/.test(name) && !/^words[\\/](\w+_)?(zh|en)/.test(name))
  .map((name) => ({ name, text: readFileSync(SRC + name, "utf8") }));

/** All texts below a dictionary by their path. */
function texts(node: object, above = ""): [string, unknown][] {
  return Object.entries(node).flatMap(([key, value]): [string, unknown][] =>
    typeof value === "object" ? texts(value as object, `${above}${key}.`) : [[above + key, value]],
  );
}

test("both languages have the same keys", () => {
  expect(texts(en).map(([key]) => key)).toEqual(expect.arrayContaining(texts(zh).map(([key]) => key)));
  expect(texts(en).length).toBe(texts(zh).length);
});

test("no text is empty", () => {
  for (const [key, value] of [...texts(zh), ...texts(en)]) expect([key, value]).not.toEqual([key, ""]);
});

test("both languages say the same values, and say each of them", () => {
  const said = (text: unknown): string => {
    const count = (text as (...values: unknown[]) => string).length;
    const marks = ["⟨0⟩", "⟨1⟩", "⟨2⟩", "⟨3⟩"].slice(0, count);
    const result = (text as (...values: unknown[]) => string)(...marks);
    return marks.map((mark) => (result.includes(mark) ? mark : "")).join();
  };
  const english = new Map(texts(en));
  const functions = texts(zh).filter(([, text]) => typeof text === "function");
  expect(functions.length).toBeGreaterThan(10);
  for (const [key, text] of functions) expect([key, said(english.get(key))]).toEqual([key, said(text)]);
});

// A dictionary that is asked by a name that comes from elsewhere: w.windows[id]. Other tests hold those names to it.
const BY_NAME = /\.(\w+)(?:\?\.)?\[/g;

test("every text is used", () => {
  const code = files.map(({ text }) => text).join("\n");
  const named = new Set([...code.matchAll(BY_NAME)].map((match) => match[1]!));
  const unused = texts(zh)
    .map(([key]) => key.replace(/(\.\d+)+$/, "").split("."))
    .filter((path) => !path.slice(0, -1).some((part) => part === "problems" || named.has(part)))
    .filter((path) => !new RegExp(`\\b${path[path.length - 1]}\\b`).test(code));
  expect(unused.map((path) => path.join("."))).toEqual([]);
});

test("no text of the page stands outside the dictionaries", () => {
  const allowed = new Set(["English", "中文", "MPR", "VR", "LUT", "Farview", "DICOM"]);
  for (const { name, text } of files.filter(({ name }) => name.endsWith(".tsx"))) {
    const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
    const chinese = [...code.matchAll(/[\u3400-\u9fff]+/g)].map(([found]) => found);
    // What stands between tags, and what a reader hears or sees as an attribute.
    const between = [...code.matchAll(/>\s*([A-Za-z][A-Za-z ,.'’-]{2,}[A-Za-z.])\s*<\//g)].map((match) => match[1]!);
    const attributes = [...code.matchAll(/(?:aria-label|title|placeholder|alt|label|shown)="([^"]+)"/g)].map((match) => match[1]!);
    const strange = [...chinese, ...between, ...attributes].filter((found) => !allowed.has(found.trim()));
    expect([name, strange]).toEqual([name, []]);
  }
});
