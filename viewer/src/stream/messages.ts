// Written from renderd/protocol.py by `make types`. Change it there.

export interface Filter {
  name: "gaussian" | "median" | "bilateral" | "unsharp" | "edge" | "clahe" | "gamma" | "threshold";
  size?: number;
  strength?: number;
  low?: number | null;
  high?: number | null;
}

export interface Fusion {
  series: number;
  stack: string;
  palette: string;
  window: [number, number];
  move?: [[number, number, number, number], [number, number, number, number], [number, number, number, number]];
  opacity?: number;
}

export interface LabelStyle {
  label: number;
  shown?: boolean;
  colour?: string;
  tint?: number;
  outline?: boolean;
}

export interface Labels {
  n: number;
  styles?: LabelStyle[];
}

export interface StackView {
  series: number;
  stack: string;
  frame: number;
  centre: [number, number];
  right: [number, number];
  down: [number, number];
  extent_mm: number;
  window: [number, number];
  invert?: boolean;
  lut?: number | null;
  overlays?: boolean;
  shutter?: boolean;
  filter?: Filter | null;
  kind: "stack";
}

export interface PlaneView {
  series: number;
  stack: string;
  centre: [number, number, number];
  right: [number, number, number];
  down: [number, number, number];
  extent_mm: number;
  window: [number, number];
  projection?: "max" | "min" | "mean";
  thickness_mm?: number;
  invert?: boolean;
  filter?: Filter | null;
  labels?: Labels | null;
  fusion?: Fusion | null;
  kind: "plane";
}

export interface CurvedView {
  series: number;
  stack: string;
  points: [number, number, number][];
  layout: "straightened" | "stretched" | "projected";
  along_mm: number;
  extent_mm: number;
  window: [number, number];
  across_mm?: number;
  angle?: number;
  projection?: "max" | "min" | "mean";
  thickness_mm?: number;
  invert?: boolean;
  filter?: Filter | null;
  kind: "curved";
}

export interface ClipBox {
  centre: [number, number, number];
  axes: [[number, number, number], [number, number, number], [number, number, number]];
  half_mm: [number, number, number];
}

export interface VolumeView {
  series: number;
  stack: string;
  centre: [number, number, number];
  right: [number, number, number];
  down: [number, number, number];
  extent_mm: number;
  preset: string;
  window: [number, number];
  projection?: "max" | "min" | "mean" | null;
  invert?: boolean;
  shift?: number;
  curve?: [number, string, number][] | null;
  perspective?: number | null;
  clip_box?: ClipBox | null;
  clip_planes?: [number, number, number, number][];
  filter?: Filter | null;
  labels?: Labels | null;
  fusion?: Fusion | null;
  kind: "volume";
}

export interface Threshold {
  low: number;
  high: number;
  label: number;
  kind: "threshold";
}

export interface Cut {
  centre: [number, number, number];
  right: [number, number, number];
  down: [number, number, number];
  lasso: [number, number][];
  label: number;
  eye?: [number, number, number] | null;
  inside?: boolean;
  only?: number | null;
  kind: "cut";
}

export interface Keep {
  point: [number, number, number];
  label: number;
  other?: number;
  kind: "keep";
}

export interface Show {
  viewport: number;
  width: number;
  height: number;
  input: number;
  moving: boolean;
  view: StackView | PlaneView | CurvedView | VolumeView;
  t: "show";
}

export interface Shown {
  viewport: number;
  sequence: number;
  level: number;
  t: "shown";
}

export interface Close {
  viewport: number;
  t: "close";
}

export interface Visible {
  visible: boolean;
  t: "visible";
}

export interface Ping {
  n: number;
  t: "ping";
}

export interface Pick {
  viewport: number;
  n: number;
  width: number;
  height: number;
  at: [number, number];
  view: StackView | PlaneView | CurvedView | VolumeView;
  t: "pick";
}

export interface Survey {
  viewport: number;
  n: number;
  view: VolumeView;
  t: "survey";
}

export interface Edit {
  n: number;
  series: number;
  stack: string;
  base: number | null;
  change: Threshold | Cut | Keep;
  t: "edit";
}

export interface Trace {
  viewport: number;
  n: number;
  points: [number, number, number][];
  t: "trace";
}

export interface Locate {
  viewport: number;
  n: number;
  width: number;
  height: number;
  point: [number, number, number];
  view: CurvedView;
  t: "locate";
}

export interface Measure {
  viewport: number;
  n: number;
  width: number;
  height: number;
  shape: "ellipse" | "rectangle" | "polygon";
  corners: [number, number][];
  view: StackView | PlaneView | CurvedView | VolumeView;
  t: "measure";
}

export interface Reformat {
  viewport: number;
  request: string;
  series: number;
  stack: string;
  origin: [number, number, number];
  right: [number, number, number];
  down: [number, number, number];
  pixel_mm: number;
  width: number;
  height: number;
  spacing_mm: number;
  count: number;
  projection?: "max" | "min" | "mean";
  thickness_mm?: number;
  description?: string;
  t: "reformat";
}

export interface CancelReformat {
  request: string;
  t: "cancel_reformat";
}

export interface Preset {
  name: string;
  group: string;
  modalities: string[];
  colours: string[];
}

export interface Palette {
  name: string;
  colours: string[];
}

export interface Welcome {
  presets: Preset[];
  levels: [number, number][];
  palettes: Palette[];
  t: "welcome";
}

export interface Loading {
  viewport: number;
  done: number;
  total: number;
  t: "loading";
}

export interface Trouble {
  viewport: number | null;
  code: string;
  detail?: string;
  image?: [number, number] | null;
  t: "trouble";
}

export interface Pong {
  n: number;
  t: "pong";
}

export interface Picked {
  viewport: number;
  n: number;
  point: [number, number, number] | null;
  value: number | null;
  t: "picked";
}

export interface Surveyed {
  viewport: number;
  n: number;
  curve: [number, string, number][];
  low: number;
  high: number;
  least: number;
  greatest: number;
  counts: number[];
  t: "surveyed";
}

export interface Edited {
  n: number;
  changed: number;
  counts: [number, number][];
  voxel_mm3: number | null;
  code?: string;
  t: "edited";
}

export interface Traced {
  viewport: number;
  n: number;
  length_mm: number;
  points: [number, number, number][];
  tangents: [number, number, number][];
  normals: [number, number, number][];
  t: "traced";
}

export interface Located {
  viewport: number;
  n: number;
  at: [number, number] | null;
  t: "located";
}

export interface Statistics {
  count: number;
  mean: number;
  sd: number | null;
  least: number;
  greatest: number;
  median: number;
  counts: number[];
}

export interface Measured {
  viewport: number;
  n: number;
  area_mm2: number | null;
  first: Statistics | null;
  second: Statistics | null;
  t: "measured";
}

export interface Reformatting {
  viewport: number;
  request: string;
  done: number;
  total: number;
  t: "reformatting";
}

export interface Reformatted {
  viewport: number;
  request: string;
  series: number | null;
  code?: string;
  t: "reformatted";
}

export const Codec = { JPEG: 1, PNG: 2 } as const;

export const Flag = { FINAL: 1, INTERPOLATED: 2, COLOUR: 4, REDUCED: 8, DRAWN: 16 } as const;

export type View = StackView | PlaneView | CurvedView | VolumeView;
export type FromViewer = Show | Shown | Close | Visible | Ping | Pick | Survey | Edit | Trace | Locate | Measure | Reformat | CancelReformat;
export type ToViewer = Welcome | Loading | Trouble | Pong | Picked | Surveyed | Edited | Traced | Located | Measured | Reformatting | Reformatted;

export const SUBPROTOCOL = "farview.1";
export const HEADER_BYTES = 32;
export const DIGEST_BYTES = 32;
export const MAX_SIDE = 4096;
export const MAX_POINTS = 32;
export const MAX_CLIP_PLANES = 6;
