/** What was measured in a region, of the volume and of a fused second one, with a small histogram of each. */

import * as fusions from "../../reading/fusions";
import { caveatsOf, numberOf, numbersOf, regions, retry, type Region } from "../../reading/regions";
import { desk } from "../../session";
import type { Statistics, View } from "../../stream/messages";
import { processingWords } from "../../words/processing";

/** Three digits behind the point are more than images tell; large numbers have none. */
export const valueText = (value: number): string =>
  Math.abs(value) >= 1000 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : String(Number(value.toPrecision(3)));

export function areaText(mm2: number): string {
  return mm2 >= 100 ? `${(mm2 / 100).toFixed(2)} cm²` : `${mm2.toFixed(1)} mm²`;
}

function Histogram({ counts }: { counts: readonly number[] }) {
  const most = Math.max(1, ...counts);
  const path = counts.map((count, i) => `M${i} ${most}V${most - count}H${i + 1}V${most}Z`).join("");
  return (
    <svg
      class="region-histogram"
      role="img"
      aria-label={processingWords.value.histogram}
      viewBox={`0 0 ${counts.length} ${most}`}
      preserveAspectRatio="none"
    >
      <path d={path} />
    </svg>
  );
}

interface NumbersProps {
  title: string;
  said: Statistics;
  unit: string;
  /** What is counted. */
  counted: string;
  testid: string;
}

function Numbers({ title, said, unit, counted, testid }: NumbersProps) {
  const w = processingWords.value;
  const rows: [string, string, string][] = [
    ["mean", w.mean, `${valueText(said.mean)} ${unit}`],
    ["sd", w.sd, said.sd === null ? "–" : `${valueText(said.sd)} ${unit}`],
    ["least", w.least, `${valueText(said.least)} ${unit}`],
    ["greatest", w.greatest, `${valueText(said.greatest)} ${unit}`],
    ["median", w.median, `${valueText(said.median)} ${unit}`],
    ["count", counted, String(said.count)],
  ];
  return (
    <>
      {title && <p class="region-of">{title}</p>}
      <dl>
        {rows.map(([key, name, text]) => (
          <div key={key}>
            <dt>{name}</dt>
            <dd data-testid={`${testid}-${key}`}>{text.trim()}</dd>
          </div>
        ))}
      </dl>
      {said.counts.length > 0 && <Histogram counts={said.counts} />}
    </>
  );
}

/** The unit of a fused second volume, and its modality. */
function secondOf(view: View): { modality: string; unit: string } {
  const fusion = "fusion" in view ? view.fusion : null;
  const second = fusion && fusions.secondOf(desk, fusion);
  return { modality: second?.series.modality ?? "", unit: second?.stack.unit ?? "" };
}

/** Its number and mean alone, beside a region of several that is not the newest. */
export function RegionLine({ now }: { now: Region }) {
  const said = numbersOf(now, desk.viewports[now.role].drawn.value)?.first;
  return (
    <p>
      <b>{numberOf(now)}</b>
      {said && ` ${valueText(said.mean)}${said.sd === null ? "" : ` ± ${valueText(said.sd)}`}`}
    </p>
  );
}

export function RegionNumbers({ now }: { now: Region }) {
  const w = processingWords.value;
  const drawn = desk.viewports[now.role].drawn.value;
  const said = numbersOf(now, drawn);
  if (!said) {
    const unanswered = now.answer && now.answer.said === null;
    if (!unanswered) return <p role="status">{w.measuring}</p>;
    return (
      <>
        <p role="status">{w.unanswered}</p>
        <button class="wide" data-own-hands data-testid="region-retry" onClick={() => retry(desk, now)}>
          {w.retry}
        </button>
      </>
    );
  }
  const { first, second, area_mm2 } = said;
  const other = secondOf(drawn!.view);
  const unit = desk.stack.value?.unit ?? "";
  const counted = drawn!.view.kind === "stack" ? w.count : w.samples;
  return (
    <div class="region-numbers" data-testid="region-numbers">
      {regions.value.length > 1 && <b>{numberOf(now)}</b>}
      {area_mm2 !== null && (
        <dl>
          <div>
            <dt>{w.area}</dt>
            <dd data-testid="region-area">{areaText(area_mm2)}</dd>
          </div>
        </dl>
      )}
      {caveatsOf(drawn!.view).map((caveat) => (
        <p key={caveat} class="said" data-testid={`region-${caveat}`}>
          {w.caveats[caveat]}
        </p>
      ))}
      {!first && !second && <p>{w.no_values}</p>}
      {first && <Numbers title={second ? (desk.series.value?.modality ?? "") : ""} said={first} {...{ unit, counted }} testid="region" />}
      {second && <Numbers title={other.modality} said={second} unit={other.unit} counted={counted} testid="second" />}
    </div>
  );
}
