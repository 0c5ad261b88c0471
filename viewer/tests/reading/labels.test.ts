import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { Edit, Edited, PlaneView, VolumeView } from "../../src/stream/messages";
import * as looks from "../../src/reading/label_looks";
import * as labels from "../../src/reading/labels";
import type { Desk } from "../../src/reading/desk";
import { openMpr, openStack } from "../../src/reading/opening";
import { showPhase } from "../../src/reading/phases";
import * as moves from "../../src/reading/moves";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

/** A connection whose server answers when the test says so. */
class Line {
  readonly presets = signal([{ name: "ct_bone", modalities: ["CT"], colours: [] }]);
  readonly palettes = signal([]);
  readonly state = signal("open");
  edits: readonly Edit[] = [];
  readonly hear: { edited?: (answer: Edited) => void } = {};
  misread = (): void => undefined;
  again = vi.fn();
  edit(edit: Edit): void {
    this.edits = [...this.edits, edit];
  }
  ask = vi.fn();
  get newest(): Edit {
    return this.edits[this.edits.length - 1]!;
  }
  async answer(over: Partial<Edited> = {}): Promise<void> {
    const { n } = this.newest;
    this.hear.edited!({ t: "edited", n, changed: 10, counts: [[0, 90], [1, 10]], voxel_mm3: 500, ...over });
    await settled();
    await settled();
  }
}

let line: Line;
let desk: Desk;
beforeEach(async () => {
  line = new Line();
  desk = openChest(chest(), line);
  openMpr(desk, null);
  await settled();
});

const threshold = (low: number, label = 1): Edit["change"] => ({ kind: "threshold", low, high: 3000, label });
const style = looks.nextStyle([])!;
const volume = (): VolumeView => desk.viewports.volume.view.value as VolumeView;
const axial = (): PlaneView => desk.viewports.axial.view.value as PlaneView;

/** An edit from its wish to its answer. */
async function made(change: Edit["change"] = threshold(100), with_style = style, over: Partial<Edited> = {}): Promise<Edited | null> {
  const wish = labels.edit(desk, change, with_style);
  await line.answer(over);
  return wish;
}

test("a picture goes over to a labelmap when the server has it, and not before", async () => {
  const wish = labels.edit(desk, threshold(150), style);
  expect(line.newest).toMatchObject({ t: "edit", series: 9, stack: "ab", base: null, change: { low: 150, label: 1 } });
  expect([volume().labels ?? null, labels.busy.value]).toEqual([null, true]);
  await line.answer();
  expect(await wish).toMatchObject({ changed: 10 });
  const { n } = line.newest;
  expect(volume().labels).toEqual({ n, styles: [style] });
  expect(axial().labels).toEqual({ n, styles: [style] });
  expect(labels.busy.value).toBe(false);
  expect(looks.volumeText(looks.millilitres(labels.shownAnswer(desk), 1)!)).toBe("5.00 mL");
});

test("while one edit is under way no other is begun", async () => {
  void labels.edit(desk, threshold(150), style);
  expect(await labels.edit(desk, threshold(200), style)).toBeNull();
  expect(line.edits.length).toBe(1);
  await line.answer();
});

test("undo and redo show the older and the newer labelmap exactly, and a new edit forks from what is shown", async () => {
  await made();
  const first = line.newest.n;
  await settled();
  await made({ kind: "cut", centre: [0, 0, 0], right: [1, 0, 0], down: [0, 1, 0], lasso: [[0, 0], [1, 0], [0, 1]], label: looks.CUT }, looks.CUT_AWAY);
  const second = line.newest.n;
  expect(line.newest.base).toBe(first);
  await settled();
  const cut = volume().labels;
  expect(cut).toEqual({ n: second, styles: [style, looks.CUT_AWAY] });
  expect(desk.history.undo()).toBe("labels");
  expect([volume().labels!.n, axial().labels!.n]).toEqual([first, first]);
  expect(desk.history.redo()).toBe("labels");
  expect(volume().labels).toEqual(cut);
  desk.history.undo();
  await settled();
  expect(desk.history.undo()).toBe("labels");
  expect(volume().labels ?? null).toBeNull();
  desk.history.redo();
  await settled();
  await made(threshold(400));
  expect(line.newest.base).toBe(first); // not the cut, which was taken back
  expect(line.edits.map(({ n }) => n)).toEqual([first, second, line.newest.n]); // the whole chain is told after a cut of the line
});

test("a second cut tells what it has taken itself, and the labelmap tells all", async () => {
  const first = (await made(threshold(100), looks.CUT_AWAY, { changed: 10, counts: [[0, 90], [255, 10]] }))!;
  const second = (await made(threshold(100), looks.CUT_AWAY, { changed: 30, counts: [[0, 60], [255, 40]] }))!;
  expect([first, second].map(looks.changedMillilitres)).toEqual([5, 15]);
  expect([first, second].map((answer) => looks.millilitres(answer, looks.CUT))).toEqual([5, 20]);
  expect(looks.changedMillilitres({ ...second, voxel_mm3: null })).toBeNull();
});

test("an edit that changes nothing, or that failed, leaves no step and no link of the chain", async () => {
  await made();
  const [before, chain] = [volume().labels, line.edits];
  expect(await made(threshold(9000), style, { changed: 0 })).toMatchObject({ changed: 0 });
  expect(await made(threshold(9000), style, { changed: 0, code: "volume_too_large" })).toMatchObject({ code: "volume_too_large" });
  expect(volume().labels).toEqual(before);
  expect(line.edits).toEqual(chain);
  expect(labels.busy.value).toBe(false);
});

test("an edit whose base was taken back meanwhile is not shown", async () => {
  await made();
  const { n } = line.newest;
  await settled();
  const wish = labels.edit(desk, threshold(700), style);
  desk.history.undo();
  await line.answer();
  expect(await wish).toBeNull(); // so that nobody says it was done
  expect(volume().labels ?? null).toBeNull();
  expect(line.newest.base).toBe(n);
});

test("a server that could not read an edit is not sent it again, and those that it answered are kept", async () => {
  await made();
  const chain = line.edits;
  const wish = labels.edit(desk, threshold(700), style);
  line.misread();
  expect([await wish, labels.busy.value, line.edits]).toEqual([null, false, chain]);
});

test("a threshold's ends are what the stream takes, in their order", () => {
  expect(looks.thresholdOf(1e13, -5, 3)).toEqual({ kind: "threshold", low: -5, high: 1e9, label: 3 });
});

test("when the study is closed nobody waits any more, and a late answer is nobody's", async () => {
  const wish = labels.edit(desk, threshold(700), style);
  const late = line.newest;
  line.edits = [];
  for (const close of desk.closing) close();
  expect(labels.busy.value).toBe(false);
  expect(await wish).toBeNull();
  const next = labels.edit(desk, threshold(200), style);
  line.hear.edited!({ t: "edited", n: late.n, changed: 10, counts: [], voxel_mm3: 1 });
  await settled();
  expect([labels.busy.value, labels.toldOf(late.n), volume().labels ?? null]).toEqual([true, null, null]);
  await line.answer();
  expect(await next).toMatchObject({ n: line.newest.n });
});

test("an edit that is done when another series is open is kept, and told to nobody", async () => {
  const [series, stack] = [desk.series.value!, desk.stack.value!];
  const wish = labels.edit(desk, threshold(700), style);
  const other = chest({ digest: "cd" });
  openStack(desk, seriesOf(other, { id: 10 }), other);
  await line.answer();
  expect(await wish).toBeNull();
  openStack(desk, series, stack);
  openMpr(desk, null);
  expect(volume().labels!.n).toBe(line.newest.n);
});

test("a server that has forgotten is told the chain again, once in a while", async () => {
  await made();
  const { trouble } = desk.viewports.volume;
  trouble.value = { t: "trouble", viewport: 1, code: "labels_unknown" };
  expect(line.again).toHaveBeenCalledTimes(1);
  trouble.value = { t: "trouble", viewport: 1, code: "labels_unknown" };
  expect(line.again).toHaveBeenCalledTimes(1);
  trouble.value = null;
});

test("labels belong to one stack: another phase has its own, with the same looks, and they come back", async () => {
  const phase = (number: number) => ({ group: "g", number, count: 2, kind: "trigger_time", value: number * 100, text: "" });
  const stacks = [chest({ digest: "p1", phase: phase(1) }), chest({ digest: "p2", phase: phase(2) })];
  openStack(desk, { ...seriesOf(stacks[0]!), stacks }, stacks[0]!);
  openMpr(desk, null);
  await settled();
  await made();
  const { n } = line.newest;
  labels.setStyle(desk, 1, { colour: "#00ff00", tint: 0.8 }, false);
  const { centre, right, extent_mm } = volume();
  showPhase(desk, 1, false);
  expect(volume()).toMatchObject({ stack: "p2", centre, right, extent_mm });
  expect(volume().labels ?? null).toBeNull();
  await made(threshold(300));
  expect(line.newest).toMatchObject({ stack: "p2", base: null });
  expect(volume().labels).toMatchObject({ n: line.newest.n, styles: [{ label: 1, colour: "#00ff00", tint: 0.8 }] });
  showPhase(desk, 0, false);
  expect(volume().labels).toMatchObject({ n, styles: [{ colour: "#00ff00" }] });
  // What is taken back is the newest edit, of the phase that it was made in.
  await settled();
  expect(desk.history.undo()).toBe("labels");
  expect(volume().labels!.n).toBe(n);
  showPhase(desk, 1, false);
  expect(volume().labels ?? null).toBeNull();
});

test("a series that is opened again has its labels, and another series none", async () => {
  await made();
  const { n } = line.newest;
  const [series, stack] = [desk.series.value!, desk.stack.value!];
  const other = chest({ digest: "cd" });
  openStack(desk, seriesOf(other, { id: 10 }), other);
  openMpr(desk, null);
  expect(volume().labels ?? null).toBeNull();
  openStack(desk, series, stack);
  openMpr(desk, null);
  expect([volume().labels?.n, axial().labels?.n]).toEqual([n, n]);
});

test("another series has labels of its own: what is shown alone in one hides nothing in the other", async () => {
  await made();
  labels.showOnly(desk, 1);
  const [series, stack, before] = [desk.series.value!, desk.stack.value!, volume().labels];
  const other = chest({ digest: "cd" });
  openStack(desk, seriesOf(other, { id: 10 }), other);
  openMpr(desk, null);
  await made(threshold(300), { ...looks.nextStyle(labels.stylesHere(desk))!, colour: "#123456" });
  expect(volume().labels!.styles).toEqual([{ ...style, colour: "#123456" }]);
  labels.setStyle(desk, 1, { tint: 1 }, false);
  openStack(desk, series, stack);
  openMpr(desk, null);
  expect(volume().labels).toEqual(before);
});

test("a label is shown alone and everything again; what was cut away stays hidden", async () => {
  await made();
  await made({ kind: "keep", point: [0, 0, 0], label: 1 }, looks.CUT_AWAY);
  labels.showOnly(desk, 1);
  const shown = (): [number, boolean][] => volume().labels!.styles!.map(({ label, shown }) => [label, shown ?? true] as [number, boolean]).sort((a, b) => a[0] - b[0]);
  expect(shown()).toEqual([[0, false], [1, true], [255, false]]);
  expect(looks.isOnly(labels.stylesHere(desk), 1)).toBe(true);
  labels.showOnly(desk, null);
  expect(shown()).toEqual([[0, true], [1, true], [255, false]]);
  moves.reset(desk, desk.viewports.volume);
  expect(shown()).toEqual([[0, true], [1, true], [255, false]]);
});

test("a style that a slider changes is one step", async () => {
  await made();
  await settled();
  for (const tint of [0.1, 0.2, 0.3]) {
    labels.setStyle(desk, 1, { tint }, true);
    await settled();
  }
  desk.rest();
  await settled();
  expect(volume().labels!.styles![0]!.tint).toBe(0.3);
  desk.history.undo();
  expect(volume().labels!.styles![0]!.tint).toBe(0.5);
});
