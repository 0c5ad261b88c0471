/** Labels: made by threshold, cut by the scalpel, shown, hidden, tinted; with the volume of each. */

import { useState } from "preact/hooks";
import * as looks from "../../reading/label_looks";
import * as labels from "../../reading/labels";
import { inside, Keeper, Scalpel } from "../../reading/scalpel";
import { pointAt } from "../../geometry/camera";
import type { Vector2, Vector3 } from "../../geometry/vectors";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { Edited, LabelStyle } from "../../stream/messages";
import { processingWords } from "../../words/processing";
import { sentence } from "../../words/words";
import { NumberField } from "./number_field";
import { NeedsPlanes } from "./processing_panel";
import { Slider } from "./slider";

const nameOf = (label: number): string => {
  const w = processingWords.value;
  return label === looks.CUT ? w.cut_away : label === looks.NONE ? w.unlabelled : w.label(label);
};

/** How an edit ended, in a toast; null: it was not begun. */
function tell(answer: Edited | null, label: number): void {
  if (!answer) return;
  desk.toast.value = {
    say: () => {
      const w = processingWords.value;
      if (answer.code) return sentence(answer.code);
      if (answer.changed === 0) return w.nothing_changed;
      if (label === looks.CUT) return w.cut_done(looks.volumeText(looks.changedMillilitres(answer)));
      return w.label_done(nameOf(label), looks.volumeText(looks.millilitres(answer, label)));
    },
  };
}

/** The patient point that a tap on a plane or a volume rendering means. */
async function meant(viewport: Viewport, at: Vector2): Promise<Vector3 | null> {
  const drawn = viewport.drawn.peek();
  if (drawn?.view.kind === "plane" && !drawn.view.thickness_mm) {
    const size = { width: drawn.frame.full_width, height: drawn.frame.full_height };
    return pointAt(drawn.view, size, viewport.pixelAt(at, drawn.frame));
  }
  return (await viewport.pick(at))?.point ?? null;
}

/** Take a pen, or put it away; on a phone the sheet would lie over the picture. */
function take(pen: Scalpel | Keeper, now: boolean): void {
  desk.pen.peek()?.cancel();
  desk.pen.value = now ? null : pen;
  if (!now) desk.sheet.value = null;
}

function Threshold({ selected, select }: { selected: number | null; select(label: number): void }) {
  const w = processingWords.value;
  const unit = desk.stack.value?.unit ?? "";
  const [centre, width] = desk.activeViewport.value.view.value?.window ?? [0, 1];
  const [low, setLow] = useState(unit === "HU" ? 150 : Number(centre.toPrecision(4)));
  const [high, setHigh] = useState(unit === "HU" ? 3071 : Number((centre + 2 * width).toPrecision(4)));
  const styles = labels.stylesHere(desk);
  const make = (style: LabelStyle | null): void => {
    if (!style) return void (desk.toast.value = { say: () => processingWords.value.too_many_labels });
    void labels.edit(desk, looks.thresholdOf(low, high, style.label), style).then((answer) => {
      tell(answer, style.label);
      if (answer?.changed) select(style.label);
    });
  };
  const again = selected === null ? undefined : looks.styleOf(styles, selected);
  return (
    <>
      <h3>{`${w.threshold}${unit && ` (${unit})`}`}</h3>
      <div class="numbers">
        <NumberField label={w.low} value={String(low)} testid="label-low" oncommit={(n) => setLow(looks.sane(n))} />
        <NumberField label={w.high} value={String(high)} testid="label-high" oncommit={(n) => setHigh(looks.sane(n))} />
      </div>
      <div class="buttons">
        <button data-testid="label-new" disabled={labels.busy.value} onClick={() => make(looks.nextStyle(styles))}>
          {w.new_label}
        </button>
        {again && (
          <button data-testid="label-update" disabled={labels.busy.value} onClick={() => make(again)}>
            {w.apply_label(nameOf(again.label))}
          </button>
        )}
      </div>
    </>
  );
}

function ScalpelTool() {
  const w = processingWords.value;
  const pen = desk.pen.value;
  const on = pen instanceof Scalpel;
  const cut = (within: boolean): void => {
    const same = on && inside.peek() === within;
    inside.value = within;
    if (same || !on) take(new Scalpel(desk, (answer) => tell(answer, looks.CUT)), same);
  };
  return (
    <>
      <h3>{w.scalpel}</h3>
      <div class="buttons">
        {[true, false].map((within) => (
          <button
            key={String(within)}
            aria-pressed={on && inside.value === within}
            data-testid={within ? "scalpel-inside" : "scalpel-outside"}
            onClick={() => cut(within)}
          >
            {within ? w.inside : w.outside}
          </button>
        ))}
      </div>
    </>
  );
}

function Row({ style, selected, select }: { style: LabelStyle; selected: boolean; select(): void }) {
  const { label, shown = true, colour = "#ff0000" } = style;
  const w = processingWords.value;
  const name = nameOf(label);
  const ml = looks.millilitres(labels.shownAnswer(desk), label);
  return (
    <li class="label-row" data-testid={`label-${label}`}>
      <input
        type="checkbox"
        role="switch"
        class="switch"
        checked={shown}
        aria-label={w.shown(name)}
        data-testid={`label-shown-${label}`}
        onChange={(event) => labels.setStyle(desk, label, { shown: event.currentTarget.checked }, false)}
      />
      <input
        type="color"
        aria-label={`${name} ${w.colour}`}
        value={colour}
        data-testid={`label-colour-${label}`}
        onInput={(event) => labels.setStyle(desk, label, { colour: event.currentTarget.value }, true)}
        onChange={() => desk.rest()}
      />
      <button class="label-name" aria-pressed={selected} data-testid={`label-select-${label}`} onClick={select}>
        <span>{name}</span>
        <span class="mono faint">{labels.shownAnswer(desk) && looks.volumeText(ml)}</span>
      </button>
    </li>
  );
}

/** How the chosen label looks, and what can be made of it. */
function Details({ style }: { style: LabelStyle }) {
  const w = processingWords.value;
  const { label, tint = 0, outline = false } = style;
  const only = looks.isOnly(labels.stylesHere(desk), label);
  const pen = desk.pen.value;
  const keeping = pen instanceof Keeper && pen.label === label;
  return (
    <>
      <Slider
        label={w.tint}
        least={0}
        most={1}
        step={0.05}
        value={tint}
        text={`${Math.round(tint * 100)} %`}
        testid="label-tint"
        oninput={(value) => labels.setStyle(desk, label, { tint: value }, true)}
      />
      <div class="buttons">
        <button aria-pressed={outline} data-testid="label-outline" onClick={() => labels.setStyle(desk, label, { outline: !outline }, false)}>
          {w.outline}
        </button>
        <button aria-pressed={only} data-testid="label-only" onClick={() => labels.showOnly(desk, only ? null : label)}>
          {only ? w.everything : w.only}
        </button>
        <button
          aria-pressed={keeping}
          disabled={labels.busy.value}
          data-testid="label-keep"
          onClick={() => take(new Keeper(desk, label, (answer) => tell(answer, label), meant), keeping)}
        >
          {w.keep_connected}
        </button>
      </div>
    </>
  );
}

export function LabelSection() {
  const w = processingWords.value;
  const [selected, select] = useState<number | null>(null);
  if (desk.layout.value !== "mpr") return <NeedsPlanes />;
  const styles = labels.stylesHere(desk);
  const shown = desk.stack.value ? desk.labels.value.shown[desk.stack.value.digest] !== undefined : false;
  const cut = looks.styleOf(styles, looks.CUT);
  const rows = shown ? [...looks.tissues(styles), ...(cut ? [cut] : [])] : [];
  const chosen = rows.find(({ label }) => label === selected && label !== looks.CUT);
  return (
    <>
      {labels.busy.value && (
        <p role="status" class="busy" data-testid="labels-busy">
          {w.making}
        </p>
      )}
      <ScalpelTool />
      <Threshold selected={chosen ? chosen.label : null} select={select} />
      {rows.length > 0 && (
        <ul class="label-list" data-testid="label-list">
          {rows.map((style) => (
            <Row
              key={style.label}
              style={style}
              selected={style.label === selected}
              select={() => select(style.label === selected ? null : style.label)}
            />
          ))}
        </ul>
      )}
      {chosen && <Details style={chosen} />}
    </>
  );
}
