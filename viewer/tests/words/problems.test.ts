import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { zh } from "../../src/words/zh";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What `pattern` finds in the Python files of a folder, sub-folders included. */
function found(folder: string, pattern: RegExp): string[] {
  const files = existsSync(ROOT + folder) ? (readdirSync(ROOT + folder, { recursive: true }) as string[]) : [];
  return files
    .filter((name) => name.endsWith(".py"))
    .flatMap((name) => [...readFileSync(`${ROOT}${folder}/${name}`, "utf8").matchAll(pattern)].map((match) => match[1]!));
}

const folders = ["storage", "renderd", "api", "kernels"];
const codes = [
  ...folders.flatMap((folder) => found(folder, /^ {4}code = "(\w+)"/gm)),
  ...found("storage", /WeakPassword\("(\w+)"\)/g),
  // Why a stack is no volume: see storage/dicom/grid.py.
  ..."colour multiframe not_ct_or_mr mixed_pixels no_geometry too_few_slices duplicate_positions tilted".split(" "),
  ..."uneven_spacing missing_slices".split(" "),
];

test("every code of the server has a sentence", () => {
  expect(codes.length).toBeGreaterThan(30);
  expect([...new Set(codes)].filter((code) => !(code in zh.problems))).toEqual([]);
});

test("every volume rendering preset has a name", () => {
  const presets = found("kernels", /^ {4}"((?:ct|mr)_\w+)": /gm);
  expect(presets.filter((preset) => !(preset in zh.renderings))).toEqual([]);
});
