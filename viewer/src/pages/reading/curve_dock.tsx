/** Below the picture: the curve of the volume rendering, its points as numbers, and the reader's own presets. */

import { useEffect, useRef, useState } from "preact/hooks";
import { undo } from "../../reading/commands";
import * as curves from "../../reading/curves";
import type { Curve, Span } from "../../reading/curves";
import * as renderings from "../../reading/renderings";
import { keep, MOST_CURVES } from "../../reading/own_curves";
import { desk } from "../../session";
import type { Surveyed, VolumeView } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";
import { words } from "../../words/words";
import { CurvePlot } from "./curve_plot";
import { Sign, type SignName } from "./curve_signs";
import { NumberField } from "./number_field";
import { useSurvey } from "./use_survey";
import "../../styles/curve.css";

interface Edited {
  view: VolumeView;
  told: Surveyed;
}

interface ToolProps {
  sign: SignName;
  label: string;
  disabled?: boolean;
  onclick(): void;
}

function Tool({ sign, label, disabled, onclick }: ToolProps) {
  return (
    <button
      class="tool"
      aria-label={label}
      title={label}
      data-testid={`curve-${sign}`}
      disabled={disabled}
      onClick={onclick}
    >
      <Sign name={sign} />
    </button>
  );
}

/** A name for the curve as it is now. */
function Keep({ curve, view, told, done }: Edited & { curve: Curve; done(): void }) {
  const w = renderingWords.value;
  const [name, setName] = useState("");
  const [full, setFull] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const save = (event: Event): void => {
    event.preventDefault();
    if (keep(desk.viewports.volume, name, view.preset, curve, told)) done();
    else setFull(name.trim() !== "");
  };
  return (
    <form class="curve-keep" onSubmit={save}>
      <input
        value={name}
        maxLength={24}
        aria-label={w.own_name}
        placeholder={w.own_name}
        data-testid="curve-name"
        ref={field}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button class="primary" data-testid="curve-keep-ok" disabled={!name.trim()}>
        {w.keep}
      </button>
      <button type="button" class="quiet" onClick={done}>
        {words.value.close}
      </button>
      {full && <span role="alert">{w.too_many(MOST_CURVES)}</span>}
    </form>
  );
}

function Editor({ view, told }: Edited) {
  const w = renderingWords.value;
  const viewport = desk.viewports.volume;
  const unit = desk.stack.value?.unit ?? "";
  const curve = curves.shifted((view.curve as Curve | null | undefined) ?? (told.curve as Curve), view.shift ?? 0);
  const all = curves.domain(curve, told);
  const step = curves.stepOf(unit, [told.least, told.greatest]);
  const [span, setSpan] = useState<Span>(() => curves.fitting(curve));
  const [chosen, setChosen] = useState(() => Math.max(0, curve.findIndex(([, , opacity]) => opacity > 0)));
  const [keeping, setKeeping] = useState(false);
  const selected = Math.min(chosen, curve.length - 1);
  const [value, colour, opacity] = curve[selected]!;
  const change = (next: Curve, moving: boolean): void => renderings.setCurve(viewport, [...next], moving);
  const rest = (): void => viewport.rest();
  const remove = (index: number): void => {
    change(curves.removed(curve, index), false);
    setChosen(Math.max(0, index - 1));
  };
  const add = (): void => {
    const more = curves.insertedAfter(curve, selected, step);
    if (!more) return;
    change(more.curve, false);
    setChosen(more.index);
  };
  const zoom = (factor: number): void => {
    const inside = value > span[0] && value < span[1];
    setSpan(curves.zoomed(span, factor, inside ? value : (span[0] + span[1]) / 2, all, step));
  };
  return (
    <>
      <div class="curve-head">
        <h2>{view.curve ? w.own_curve(w.names[view.preset] ?? view.preset) : (w.names[view.preset] ?? view.preset)}</h2>
        <Tool sign="wider" label={w.wider} onclick={() => zoom(0.5)} />
        <Tool sign="narrower" label={w.narrower} onclick={() => zoom(2)} />
        <Tool sign="fit" label={w.fit} onclick={() => setSpan(curves.fitting(curve))} />
        <Tool sign="undo" label={words.value.undo} onclick={() => undo(desk)} />
        <Tool
          sign="reset"
          label={w.reset}
          disabled={!view.curve && !view.shift}
          onclick={() => renderings.setCurve(viewport, null, false)}
        />
        <button class="tool" data-testid="curve-keep" onClick={() => setKeeping(!keeping)}>
          {w.keep}
        </button>
        <Tool sign="close" label={words.value.close} onclick={() => (desk.editing.value = false)} />
      </div>
      {keeping && <Keep curve={curve} view={view} told={told} done={() => setKeeping(false)} />}
      <CurvePlot
        {...{ curve, told, unit, all, step, span, selected }}
        onspan={setSpan}
        onselect={setChosen}
        onchange={change}
        onremove={remove}
        onrest={rest}
      />
      <div class="curve-fields numbers">
        <NumberField
          label={`${w.value}${unit && ` ${unit}`}`}
          value={String(Number(value.toPrecision(6)))}
          testid="curve-value"
          oncommit={(wanted) => change(curves.moved(curve, selected, wanted, opacity, all, step), false)}
        />
        <NumberField
          label={w.opacity}
          value={String(Number((opacity * 100).toFixed(2)))}
          testid="curve-opacity"
          oncommit={(wanted) => change(curves.moved(curve, selected, value, wanted / 100, all, step), false)}
        />
        <input
          type="color"
          aria-label={w.colour}
          title={w.colour}
          value={colour}
          data-testid="curve-colour"
          onInput={(event) => change(curves.recoloured(curve, selected, event.currentTarget.value), true)}
          onChange={rest}
        />
        <Tool sign="add" label={w.add} onclick={add} />
        <Tool sign="remove" label={w.remove} disabled={curve.length <= 2} onclick={() => remove(selected)} />
      </div>
    </>
  );
}

export function CurveDock() {
  const view = desk.viewports.volume.view.value;
  return view?.kind === "volume" && !view.projection ? <Surveying view={view} /> : null;
}

function Surveying({ view }: { view: VolumeView }) {
  const r = renderingWords.value;
  const survey = useSurvey();
  const told = survey.told.value;
  return (
    <section class="curve-dock" aria-label={r.curve} data-testid="curve-dock">
      {told ? (
        // Another preset or volume is another curve: it is seen whole, and no point of the old one stays chosen.
        <Editor key={`${view.series} ${view.stack} ${view.preset}`} view={view} told={told} />
      ) : survey.failed.value ? (
        <p role="status" data-testid="untold">
          {r.untold} <button class="primary" onClick={() => survey.again()}>{r.again}</button>
        </p>
      ) : (
        <p class="faint">{words.value.waiting}</p>
      )}
    </section>
  );
}
