/** A desk with a chest CT open: 100 frames of 512 × 512, 0.7 mm pixels, frames 2 mm apart from the head to the feet. */

import { signal } from "@preact/signals";
import type { SeriesInfo, StackInfo } from "../../src/api/messages";
import type { Vector3 } from "../../src/geometry/vectors";
import { Desk } from "../../src/reading/desk";
import { openStack } from "../../src/reading/opening";
import type { Connection } from "../../src/stream/connection";

export const chest = (over: Partial<StackInfo> = {}): StackInfo => ({
  index: 0,
  digest: "ab",
  rows: 512,
  columns: 512,
  frames: Array.from({ length: 100 }, (_, i) => ({
    position: [-180, -180, 50 - 2 * i] as Vector3,
    row: [1, 0, 0] as Vector3,
    column: [0, 1, 0] as Vector3,
    thickness_mm: 2,
    location_mm: 50 - 2 * i,
    patient_orientation: null,
    instance_number: i + 1,
    window: null,
    lossy: "",
  })),
  spacing: [0.7, 0.7],
  spacing_source: "pixel",
  aspect: 1,
  colour: false,
  monochrome1: false,
  windows: [{ centre: -450, width: 2000, explanation: "", lut: null }],
  unit: "HU",
  lossy: "",
  frame_time_ms: null,
  frame_times_ms: null,
  playback: "loop",
  overlays: false,
  shutter: false,
  phase: null,
  notes: [],
  volume: {
    affine: [0.7, 0, 0, -180, 0, 0.7, 0, -180, 0, 0, -2, 50],
    shape: [100, 512, 512],
    frame_of_reference: "",
    places: null,
    holes: [],
  },
  refusal: null,
  ...over,
});

export const seriesOf = (only: StackInfo, over: Partial<SeriesInfo> = {}): SeriesInfo => ({
  id: 9,
  uid: "",
  number: 1,
  modality: "CT",
  description: "",
  body_part: "",
  images: 100,
  stacks: [only],
  not_displayable: [],
  ...over,
});

const PRESETS = [
  { name: "ct_bone", modalities: ["CT"], colours: [] },
  { name: "ct_skin", modalities: ["CT"], colours: [] },
];

/** Every viewport is 800 × 600 canvas pixels. */
export function openChest(stack: StackInfo = chest(), connection: object = {}): Desk {
  const desk = new Desk(Object.assign(connection, "presets" in connection ? {} : { presets: signal(PRESETS) }) as unknown as Connection);
  for (const viewport of Object.values(desk.viewports)) viewport.size.value = { width: 800, height: 600 };
  openStack(desk, seriesOf(stack), stack);
  return desk;
}

/** What the page does between two acts of a reader. */
export const settled = (): Promise<void> => new Promise((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
