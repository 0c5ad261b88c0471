import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { choose, fetchProblems, sentence, words } from "../../src/words/words";
import { zh as note_sentences } from "../../src/words/note_sentences_zh";
import { zh as renderings } from "../../src/words/renderings_zh";
import { problems } from "../../src/words/problems";
import { zh as others } from "../../src/words/problems_zh";
import { zh as processing } from "../../src/words/processing_zh";
import { zh } from "../../src/words/zh";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The text of a folder's files with this ending, sub-folders included. */
function texts(folder: string, ending: string): string[] {
  const names = existsSync(ROOT + folder) ? (readdirSync(ROOT + folder, { recursive: true }) as string[]) : [];
  return names.filter((name) => name.endsWith(ending)).map((name) => readFileSync(`${ROOT}${folder}/${name}`, "utf8"));
}

/** What `pattern` finds in the Python files of a folder. */
const found = (folder: string, pattern: RegExp): string[] =>
  texts(folder, ".py").flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1]!));

/** The words that the functions of a module answer, where they may answer a reason: `… | None` with a str in it. */
function reasons(path: string): string[] {
  const functions = readFileSync(ROOT + path, "utf8").split(/^(?=(?:async )?def )/m);
  return functions
    .filter((text) => /^def \w+\([^]*?\) -> (?:str \| None|tuple\[SeriesGeometry \| None, str \| None\]):/.test(text))
    .flatMap((text) => [...text.matchAll(/^ +return .*$/gm)].map(([line]) => line.split(" if ")[0]! + (line.split(" else ")[1] ?? "")))
    .flatMap((line) => [...line.matchAll(/"([a-z]+(?:_[a-z]+)*)"/g)].map((match) => match[1]!));
}

const sentences = { ...zh.problems, ...others };
const FOLDERS = ["storage", "renderd", "api", "kernels"];
const refusals = reasons("storage/dicom/grid.py");
const notes = found("storage", /"note_(\w+)"/g).map((note) => `note_${note}`);
const codes = [
  ...FOLDERS.flatMap((folder) => found(folder, /^ {4}code = "(\w+)"/gm)),
  ...found("storage", /WeakPassword\("(\w+)"\)/g),
  ...refusals,
];

test("every code of the server has a sentence", () => {
  expect(codes.length).toBeGreaterThan(30);
  expect([...new Set(codes)].filter((code) => !(code in sentences))).toEqual([]);
});

test("what hardly ever goes wrong has its sentence once that was fetched, and none that is untrue before", async () => {
  expect(sentence("volume_too_large")).toBe("");
  expect(sentence("network")).toBe(words.value.problems.network);
  await fetchProblems();
  expect(sentence("volume_too_large")).toBe(problems.value.volume_too_large);
  expect(sentence("nobody_gives_this")).toBe(words.value.problems.unknown);
});

test("an image that cannot be decoded is named by the number that the reader sees", async () => {
  for (const [chosen, said] of [["zh", "第 80 幅（共 500 幅）无法解码"], ["en", "Image 80 of 500 cannot be decoded"]] as const) {
    await choose(chosen);
    expect(sentence("unreadable_frame", [80, 500])).toContain(said);
    expect(sentence("unreadable_frame")).toBe(problems.value.unreadable_frame);
    expect(sentence("volume_too_large", null)).toBe(problems.value.volume_too_large);
  }
});

test("the reasons why a stack is no volume are found where they are given", () => {
  expect(refusals).toEqual(expect.arrayContaining(["colour", "no_geometry", "too_few_slices", "duplicate_positions"]));
  expect(refusals.length).toBeGreaterThanOrEqual(8);
});

test("every note on a geometry has its words", () => {
  expect(notes.length).toBeGreaterThanOrEqual(3);
  expect([...new Set(notes)].filter((note) => !(note in zh.notes))).toEqual([]);
  expect([...new Set(notes)].filter((note) => !(note.replace("note_", "") in note_sentences))).toEqual([]);
});

test("no sentence is there for a code that nobody gives", () => {
  const everything = [...FOLDERS.flatMap((folder) => texts(folder, ".py")), ...texts("farview", ".py")];
  const page = [...texts("viewer/src", ".tsx"), ...texts("viewer/src", ".ts").filter((text) => !text.includes("  problems: {") && !text.includes("for codes of the server"))];
  const given = [...everything, ...page].join("\n");
  const unused = Object.keys(sentences).filter((code) => !given.includes(`"${code}"`) && !given.includes(`problems.${code}`));
  expect(unused).toEqual([]);
});

test("every kind of phase and of stored object has a name", () => {
  const objects = readFileSync(`${ROOT}storage/dicom/objects.py`, "utf8");
  const kinds = [...objects.matchAll(/^ {4}"[\d.]+": "(\w+)"|return "(\w+)"/gm)].map((match) => (match[1] ?? match[2])!);
  expect(new Set(kinds).size).toBeGreaterThan(8);
  expect(kinds.filter((kind) => !(kind in zh.kinds))).toEqual([]);
  const phases = ["temporal_position", "trigger_time", "frame_reference_time", "acquisition", "echo", "b_value"];
  expect([...phases, "gradient", "image_type", "kernel", "order"].filter((kind) => !(kind in zh.phase_kinds))).toEqual([]);
});

test("every volume rendering preset and every group of them has a name", () => {
  const presets = found("kernels", /^ {8}"((?:ct|mr|pt)_\w+)": _curve\(/gm);
  expect(presets.length).toBeGreaterThan(20);
  expect(presets.filter((preset) => !(preset in renderings.names))).toEqual([]);
  const groups = found("kernels", /^ {4}"(\w+)": \{$/gm);
  expect(groups.length).toBeGreaterThan(4);
  expect(groups.filter((group) => !(group in renderings.groups))).toEqual([]);
});

test("every palette, filter and layout of the server has a name", () => {
  const palettes = found("renderd", /^ {4}"([A-Z_]+)": \(/gm).concat(found("storage", /^ {4}"([A-Z0-9_]+)": "1\.2\.840\.10008\.1\.5\.\d"/gm));
  expect(palettes.length).toBeGreaterThan(12);
  expect(palettes.filter((palette) => !(palette in processing.palettes))).toEqual([]);
  const literals = (name: string): string[] => found("renderd", new RegExp(`^${name} = Literal\\[(.*)\\]`, "gm"))[0]!.replace(/[" ]/g, "").split(",");
  expect(literals("FilterName").filter((filter) => !(filter in processing.filters))).toEqual([]);
  expect(literals("Layout").filter((layout) => !(layout in processing.layouts))).toEqual([]);
});
