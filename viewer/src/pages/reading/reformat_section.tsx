/** A batch of reformats of a plane: which, how thick, how far apart, how many; then stored as a series of its own. */

import { useEffect } from "preact/hooks";
import { openStack } from "../../reading/opening";
import * as plans from "../../reading/reformat_plan";
import type { Plan } from "../../reading/reformat_plan";
import * as reformats from "../../reading/reformats";
import { desk } from "../../session";
import { bytes } from "../../words/amounts";
import { processingWords } from "../../words/processing";
import { sentence, words } from "../../words/words";
import { NumberField } from "./number_field";
import { NeedsPlanes } from "./processing_panel";

/** The plane that is proposed: the active one, else the axial. It stays, whichever a hand then goes to. */
function roleOf(): Plan["role"] {
  const active = desk.active.peek();
  return plans.rolesHere(desk).find((role) => role === active) ?? "axial";
}

function open(series: number): void {
  const one = desk.study.peek()?.series.find(({ id }) => id === series);
  if (one?.stacks[0]) openStack(desk, one, one.stacks[0]);
}

/** How it ended, in a toast from which the new series can be opened. */
function tell({ series, code, asked }: reformats.Job): void {
  if (series === null) {
    if (code !== "reformat_cancelled") desk.toast.value = { say: () => sentence(code) };
    return;
  }
  desk.toast.value = {
    say: () => processingWords.value.reformat_done(asked.count),
    offer: { label: () => processingWords.value.open_series, run: () => open(series) },
  };
}

function Jobs() {
  const w = processingWords.value;
  return (
    <ul class="kept" data-testid="reformat-jobs">
      {reformats.jobsHere(desk).map((job) => (
        <li key={job.asked.request} data-testid="reformat-job" data-series={job.series ?? ""} data-code={job.code}>
          <span>{job.asked.description}</span>
          {reformats.isPending(job) && (
            <>
              <progress value={job.done} max={job.asked.count} aria-label={w.parts.reformat} />
              <div class="buttons">
                <span class="mono faint">{`${job.done} / ${job.asked.count}`}</span>
                <button disabled={job.cancelled} data-testid="reformat-cancel" onClick={() => reformats.cancel(desk, job)}>
                  {words.value.cancel}
                </button>
              </div>
            </>
          )}
          {job.series !== null && (
            <div class="buttons">
              <button data-testid="reformat-open" onClick={() => open(job.series!)}>
                {w.open_series}
              </button>
            </div>
          )}
          {job.code && <p class="warning">{sentence(job.code)}</p>}
        </li>
      ))}
    </ul>
  );
}

function Form({ now }: { now: Plan }) {
  const w = processingWords.value;
  const p = words.value;
  const set = (what: Partial<Plan>): void => void (plans.plan.value = { ...now, ...what });
  const geometry = desk.geometry.value;
  const view = desk.viewports[now.role].view.value;
  if (!geometry || view?.kind !== "plane") return null;
  const images = plans.imagesOf(geometry, view, now);
  const size = plans.bytesOf(images);
  return (
    <>
      <div class="segments" role="group" aria-label={w.cut_plane}>
        {plans.rolesHere(desk).map((role) => (
          <button key={role} aria-pressed={now.role === role} title={p.roles[role]} data-testid={`reformat-plane-${role}`} onClick={() => set({ role })}>
            {p.roles_short[role]}
          </button>
        ))}
      </div>
      <div class="numbers">
        <NumberField
          label={p.thickness}
          value={String(now.thickness_mm)}
          testid="reformat-thickness"
          oncommit={(mm) => mm >= 0 && mm <= 1000 && set({ thickness_mm: mm })}
        />
        <NumberField
          label={w.spacing}
          value={String(now.spacing_mm)}
          testid="reformat-spacing"
          oncommit={(mm) => mm > 0.01 && mm <= 1000 && set({ spacing_mm: mm })}
        />
      </div>
      <div class="segments" role="group" aria-label={w.range}>
        {(["about", "whole"] as const).map((range) => (
          <button key={range} aria-pressed={now.range === range} data-testid={`reformat-${range}`} onClick={() => set({ range })}>
            {w.ranges[range]}
          </button>
        ))}
      </div>
      {now.range === "about" && (
        <div class="numbers">
          <NumberField
            label={w.images}
            value={String(now.count)}
            testid="reformat-count"
            oncommit={(n) => n >= 1 && n <= plans.MOST_IMAGES && set({ count: Math.round(n) })}
          />
        </div>
      )}
      <div class="segments" role="group" aria-label={p.projection}>
        {(["max", "min", "mean"] as const).map((projection) => (
          <button
            key={projection}
            aria-pressed={now.projection === projection}
            title={p.projections[projection]}
            disabled={!now.thickness_mm}
            data-testid={`reformat-projection-${projection}`}
            onClick={() => set({ projection })}
          >
            {p.projections_short[projection]}
          </button>
        ))}
      </div>
      <label class="named">
        <span>{w.description}</span>
        <input
          value={now.description}
          maxLength={64}
          data-testid="reformat-description"
          onInput={(event) => set({ description: event.currentTarget.value.replace(/[\\\u0000-\u001f\u007f]/g, "") })}
        />
      </label>
      <p class="faint mono" data-testid="reformat-size">
        {`${images.count} × ${images.width} × ${images.height} · ${bytes(size)}`}
      </p>
      <p data-testid="reformat-mode">{w.stored_as(now.thickness_mm ? `${p.projections[now.projection]} ${now.thickness_mm} mm` : p.thin)}</p>
      <p class="faint">{w.not_stored}</p>
      <button
        class="wide"
        disabled={size > plans.MOST_BYTES || reformats.isAsked(desk, described(now))}
        data-testid="reformat-make"
        onClick={() => reformats.ask(desk, described(now), tell)}
      >
        {w.make_series}
      </button>
      {size > plans.MOST_BYTES && <p class="warning">{sentence("reformat_too_large")}</p>}
    </>
  );
}

/** Plain letters, which the text of every series can hold. */
const usual = ({ role, thickness_mm, spacing_mm, projection }: Plan): string =>
  `MPR ${role} ${thickness_mm ? `${projection === "mean" ? "AVG" : projection === "min" ? "MinIP" : "MIP"} ${thickness_mm} mm` : "thin"} / ${spacing_mm} mm`;

const described = (now: Plan): Plan => ({ ...now, description: now.description || usual(now) });

export function ReformatSection() {
  const mpr = desk.layout.value === "mpr";
  const now = plans.plan.value;
  const missing = !now || !plans.rolesHere(desk).some((role) => role === now.role);
  useEffect(() => {
    const role = roleOf();
    const view = desk.viewports[role].view.peek();
    if (!mpr || !missing || view?.kind !== "plane") return;
    plans.plan.value = now ? { ...now, role } : plans.proposed(role, view);
  }, [mpr, missing]);
  useEffect(() => () => void (plans.plan.value = null), []);
  return (
    <>
      {mpr ? now && <Form now={now} /> : <NeedsPlanes />}
      <Jobs />
    </>
  );
}
