// Written from renderd/protocol.py by `make types`. Change it there.

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
  kind: "plane";
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
  kind: "volume";
}

export interface Show {
  viewport: number;
  width: number;
  height: number;
  input: number;
  moving: boolean;
  view: StackView | PlaneView | VolumeView;
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
  view: StackView | PlaneView | VolumeView;
  t: "pick";
}

export interface Survey {
  viewport: number;
  n: number;
  view: VolumeView;
  t: "survey";
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

export interface Welcome {
  presets: Preset[];
  levels: [number, number][];
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

export type View = StackView | PlaneView | VolumeView;
export type FromViewer = Show | Shown | Close | Visible | Ping | Pick | Survey | Reformat | CancelReformat;
export type ToViewer = Welcome | Loading | Trouble | Pong | Picked | Surveyed | Reformatting | Reformatted;

export const SUBPROTOCOL = "farview.1";
export const HEADER_BYTES = 32;
export const DIGEST_BYTES = 32;
export const MAX_SIDE = 4096;
export const MAX_POINTS = 32;
export const MAX_CLIP_PLANES = 6;
