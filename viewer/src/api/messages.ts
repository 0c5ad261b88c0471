// Written from api/messages.py by `make types`. Change it there.

export interface SignIn {
  login: string;
  password: string;
}

export interface PasswordChange {
  old: string;
  new: string;
}

export interface Me {
  login: string;
  institutions: string[];
  permissions: string[];
  must_change_password: boolean;
}

export interface StudyRow {
  id: number;
  institution: string;
  patient_name: string;
  patient_id: string;
  sex: string;
  birth_date: string;
  age: string;
  date: string;
  time: string;
  modalities: string[];
  body_part: string;
  description: string;
  accession: string;
  images: number;
  series: number;
  received_at: string;
}

export interface StudyList {
  studies: StudyRow[];
  total: number;
}

export interface WindowPreset {
  centre: number;
  width: number;
  explanation: string;
  lut: number | null;
}

export interface FramePlace {
  position: [number, number, number] | null;
  row: [number, number, number] | null;
  column: [number, number, number] | null;
  thickness_mm: number | null;
  location_mm: number | null;
  patient_orientation: [string, string] | null;
  instance_number: number | null;
  window: [number, number] | null;
  lossy: string;
}

export interface Geometry {
  affine: number[];
  shape: [number, number, number];
  frame_of_reference: string;
  places: number[] | null;
  holes: number[];
}

export interface Phase {
  group: string;
  number: number;
  count: number;
  kind: string;
  value: number | null;
  text: string;
}

export interface StackInfo {
  index: number;
  digest: string;
  rows: number;
  columns: number;
  frames: FramePlace[];
  spacing: [number, number] | null;
  spacing_source: string;
  aspect: number;
  colour: boolean;
  monochrome1: boolean;
  windows: WindowPreset[];
  unit: string;
  lossy: string;
  frame_time_ms: number | null;
  frame_times_ms: number[] | null;
  playback: string;
  overlays: boolean;
  shutter: boolean;
  phase: Phase | null;
  notes: string[];
  volume: Geometry | null;
  refusal: string | null;
}

export interface StoredObject {
  kind: string;
  name: string;
  count: number;
}

export interface SeriesInfo {
  id: number;
  uid: string;
  number: number | null;
  modality: string;
  description: string;
  body_part: string;
  images: number;
  stacks: StackInfo[];
  not_displayable: StoredObject[];
}

export interface StudyInfo {
  study: StudyRow;
  series: SeriesInfo[];
  conflicts: number;
}

export interface ProcessInfo {
  name: string;
  state: string;
  since: string;
  restarts: number;
  failures: number;
  wait_s: number;
  last_exit: string;
  reason: string;
  log: string;
}

export interface DiskInfo {
  folder: string;
  state: string;
  free_bytes: number;
  total_bytes: number;
  reserve_bytes: number;
  warn_bytes: number;
  volumes_bytes: number;
}

export interface RendererInfo {
  volumes: number;
  volumes_bytes: number;
  budget_bytes: number;
  frames_bytes: number;
  viewers: number;
}

export interface SystemInfo {
  version: string;
  now: string;
  ok: boolean;
  processes: ProcessInfo[];
  database: string | null;
  renderer: RendererInfo | null;
  disk: DiskInfo;
  kernels: number;
  dicom_port: number;
  ae_title: string;
}

export interface Health {
  ok: boolean;
}

export interface Problem {
  code: string;
  detail?: string;
}
