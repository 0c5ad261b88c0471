/** What can be done to the pictures, one part at a time; each part is fetched when it is first opened. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { openMpr } from "../../reading/opening";
import { desk } from "../../session";
import { processingWords } from "../../words/processing";
import { later } from "../later";
import "../../styles/processing.css";

const PARTS = {
  filter: later(() => import("./filter_section").then((part) => part.FilterSection)),
  labels: later(() => import("./label_section").then((part) => part.LabelSection)),
  fusion: later(() => import("./fusion_section").then((part) => part.FusionSection)),
  curves: later(() => import("./curve_section").then((part) => part.CurveSection)),
  region: later(() => import("./region_section").then((part) => part.RegionSection)),
  reformat: later(() => import("./reformat_section").then((part) => part.ReformatSection)),
} satisfies Record<string, FunctionComponent>;

type Part = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as Part[];

const opened = signal<Part | null>(null);

/** For parts that need planes: says so where there are none, and opens them. */
export function NeedsPlanes() {
  const w = processingWords.value;
  return (
    <>
      <p class="faint">{w.needs_planes}</p>
      <button class="wide" data-testid="processing-mpr" onClick={() => openMpr(desk, desk.small.value ? "axial" : null)}>
        {w.open_mpr}
      </button>
    </>
  );
}

export function ProcessingPanel() {
  const w = processingWords.value;
  const open = opened.value;
  const Section = open && PARTS[open];
  const press = (part: Part): void => {
    opened.value = open === part ? null : part;
    desk.processing.value = true;
  };
  return (
    <section class="panel processing" data-testid="processing">
      <h2>{w.title}</h2>
      <div class="segments" role="group" aria-label={w.title}>
        {NAMES.map((part) => (
          <button key={part} aria-pressed={open === part} data-testid={`part-${part}`} onClick={() => press(part)}>
            {w.parts[part]}
          </button>
        ))}
      </div>
      {Section && <Section />}
    </section>
  );
}
