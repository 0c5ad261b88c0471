/** What was done to the values of a picture, and what lies over it, in its corner: a safety item. */

import { numbersOf } from "../../reading/filters";
import * as fusions from "../../reading/fusions";
import { CUT, millilitres, volumeText } from "../../reading/label_looks";
import { toldOf } from "../../reading/labels";
import type { Viewport } from "../../reading/viewport";
import { courseIn, sectionIn } from "../../reading/along";
import { desk } from "../../session";
import type { CurvedView, Fusion, Labels, PlaneView, View } from "../../stream/messages";
import { processingWords } from "../../words/processing";
import { secondName } from "./second_name";
import { slabText } from "./slab_text";

const UNKNOWN = "…"; // of the curve that the picture shows: another one was traced since, or this one not yet

function FilterLine({ view }: { view: View }) {
  const w = processingWords.value;
  const { filter } = view;
  if (!filter) return null;
  return (
    <span class="said" data-testid="filter-text">
      {w.filter_on(w.filters[filter.name] ?? filter.name, numbersOf(filter, view, desk.stack.value?.unit ?? "", w.voxels))}
    </span>
  );
}

/** What is hidden, and that a second volume goes on shining there. */
function LabelLine({ labels, fused }: { labels: Labels; fused: boolean }) {
  const w = processingWords.value;
  const hidden = (labels.styles ?? []).filter(({ shown }) => shown === false);
  const answer = toldOf(labels.n);
  const has = (label: number): boolean => !!answer?.counts.some(([one, count]) => one === label && count > 0);
  const cut = hidden.some(({ label }) => label === CUT) && has(CUT);
  const others = hidden.some(({ label }) => label !== CUT && has(label));
  const said = [cut ? w.labels_on(volumeText(millilitres(answer, CUT))) : "", others ? w.labels_hidden : ""].filter(Boolean);
  const text = [...said, ...(said.length && fused ? [w.second_whole] : [])].join(" · ");
  return text ? (
    <span class="said" data-testid="labels-text">
      {text}
    </span>
  ) : null;
}

function FusionLine({ fusion }: { fusion: Fusion }) {
  const w = processingWords.value;
  const second = fusions.secondOf(desk, fusion);
  const how = fusions.registration(second, fusions.moveOf(fusion));
  return (
    <span class={how === "not_registered" ? "said" : ""} data-testid="fusion-text">
      {w.fused_with(second ? secondName(second) : "", w.registrations[how]!)}
    </span>
  );
}

function CurvedLines({ view }: { view: CurvedView }) {
  const w = processingWords.value;
  const length = courseIn(desk, view)?.length_mm.toFixed(1) ?? UNKNOWN;
  return (
    <>
      <span data-testid="curved-text">{`${w.layouts[view.layout]} · ${Math.round(view.angle ?? 0)}°`}</span>
      <span data-testid="curve-length">{w.length(length)}</span>
      <span data-testid="slab-text">{slabText(view)}</span>
      {view.layout === "projected" && (
        <span class="said" data-testid="not-to-scale">
          {w.not_to_scale}
        </span>
      )}
    </>
  );
}

function SectionLines({ view }: { view: PlaneView }) {
  const at = sectionIn(desk, view);
  const [mm, length] = at ? [at.mm.toFixed(1), at.course.length_mm.toFixed(1)] : [UNKNOWN, UNKNOWN];
  return (
    <>
      <span data-testid="section-text">{processingWords.value.at_of(mm, length)}</span>
      <span data-testid="slab-text">{slabText(view)}</span>
    </>
  );
}

export function ProcessedLines({ viewport, view }: { viewport: Viewport; view: View }) {
  return (
    <>
      {view.kind === "curved" && <CurvedLines view={view} />}
      {viewport.role === "section" && view.kind === "plane" && <SectionLines view={view} />}
      <FilterLine view={view} />
      {"labels" in view && view.labels && <LabelLine labels={view.labels} fused={"fusion" in view && !!view.fusion} />}
      {"fusion" in view && view.fusion && <FusionLine fusion={view.fusion} />}
    </>
  );
}
