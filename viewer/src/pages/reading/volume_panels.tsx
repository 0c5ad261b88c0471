/** The slab of a plane or a curved picture; presets, projections, opacity and sides of a volume. Fetched when first needed. */

import * as looks from "../../reading/looks";
import * as renderings from "../../reading/renderings";
import * as slabs from "../../reading/slabs";
import * as turns from "../../reading/turns";
import { presetsOf } from "../../reading/opening";
import { connection, desk } from "../../session";
import type { VolumeView } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";
import { words } from "../../words/words";
import { ClipPanel } from "./clip_panel";
import { Sign } from "./curve_signs";
import { PresetList } from "./preset_list";
import { useSurvey } from "./use_survey";
import "../../styles/curve.css";

export function SlabPanel() {
  const w = words.value;
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  if (view?.kind !== "plane" && view?.kind !== "curved") return null;
  const thickness = view.thickness_mm ?? 0;
  return (
    <section class="panel">
      <h2>{w.slab}</h2>
      <div class="segments" role="group" aria-label={w.projection}>
        {(["max", "min", "mean"] as const).map((projection) => (
          <button
            key={projection}
            aria-pressed={thickness > 0 && view.projection === projection}
            title={w.projections[projection]}
            data-testid={`projection-${projection}`}
            onClick={() => slabs.setProjection(viewport, projection)}
          >
            {w.projections_short[projection]}
          </button>
        ))}
      </div>
      <label class="slider">
        <span>{w.thickness}</span>
        <input
          type="range"
          min={0}
          max={slabs.MAX_SLAB_MM}
          step={1}
          value={thickness}
          data-testid="slab-thickness"
          aria-valuetext={thickness ? `${thickness} mm` : w.thin}
          onInput={(event) => slabs.setThickness(viewport, Number(event.currentTarget.value), true)}
          onChange={() => desk.rest()}
        />
        <output class="mono">{thickness ? `${thickness} mm` : w.thin}</output>
      </label>
    </section>
  );
}

function ShiftSlider({ view }: { view: VolumeView }) {
  const viewport = desk.viewports.volume;
  const unit = desk.stack.value?.unit ?? "";
  useSurvey(unit !== "HU"); // for the values that the slider goes by
  const shifts = looks.shiftsOf(desk, viewport);
  const { most, step } = shifts ?? { most: 1, step: 1 };
  const text = renderings.shiftText(view.shift ?? 0, unit);
  return (
    <label class="slider">
      <span>{words.value.opacity_shift}</span>
      <input
        type="range"
        min={-most}
        max={most}
        step={step}
        value={view.shift ?? 0}
        disabled={!shifts}
        data-testid="opacity-shift"
        aria-valuetext={text}
        onInput={(event) => renderings.setShift(viewport, Number(event.currentTarget.value), true)}
        onChange={() => desk.rest()}
      />
      <output class="mono">{text}</output>
    </label>
  );
}

function RenderingPanel() {
  const [w, r] = [words.value, renderingWords.value];
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  const series = desk.series.value;
  if (view?.kind !== "volume" || !series) return null;
  const edit = (): void => {
    desk.editing.value = !desk.editing.value;
    desk.sheet.value = null; // on a phone it would lie over the picture
  };
  const presets = presetsOf(connection.presets.value, series.modality, desk.stack.value?.unit);
  return (
    <section class="panel">
      <h2>{r.title}</h2>
      <PresetList viewport={viewport} view={view} presets={presets} />
      {!view.projection && (
        <>
          <button class="edit-curve" aria-pressed={desk.editing.value} data-testid="edit-curve" onClick={edit}>
            <Sign name="curve" />
            <span>{r.edit}</span>
          </button>
          <ShiftSlider view={view} />
        </>
      )}
      <div class="segments" role="group" aria-label={r.look_from}>
        {(["A", "P", "L", "R", "H", "F"] as const).map((side) => (
          <button
            key={side}
            title={`${r.look_from}: ${w.sides[side]}`}
            data-testid={`look-${side}`}
            onClick={() => turns.lookFrom(desk, viewport, side)}
          >
            {w.sides[side]}
          </button>
        ))}
      </div>
    </section>
  );
}

export function Panels() {
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  return (
    <>
      <SlabPanel />
      <RenderingPanel />
      {view?.kind === "volume" && <ClipPanel viewport={viewport} view={view} />}
    </>
  );
}
