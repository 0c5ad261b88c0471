/** The presets of a volume rendering, group by group where a modality has several; the reader's own are one more. */

import { useState } from "preact/hooks";
import * as looks from "../../reading/looks";
import { forgetCurve, isShown, ownCurves, showOwn } from "../../reading/own_curves";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { Preset, VolumeView } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";

/** A few colours as a background. */
export const swatch = (colours: string[]): string => {
  const [first = "#888"] = colours;
  return `linear-gradient(90deg, ${(colours.length > 1 ? colours : [first, first]).join(", ")})`;
};

/** Air is the same around a patient as in the bronchi: that preset shows them in a box within the body. */
const NEEDS_A_BOX = "ct_airway";

export function choosePreset(viewport: Viewport, view: VolumeView, name: string): void {
  looks.setPreset(viewport, name);
  const whole = !view.clip_box && !view.clip_planes?.length;
  if (name === NEEDS_A_BOX && whole) desk.toast.value = { say: () => renderingWords.value.needs_a_box };
}

interface Props {
  viewport: Viewport;
  view: VolumeView;
  presets: Preset[];
}

const OWN = "own";

function OwnList({ viewport, view, presets }: Props) {
  const w = renderingWords.value;
  return (
    <ul class="presets swatches">
      {ownCurves(presets).map((own) => (
        <li key={own.name} class="own-preset">
          <button
            aria-pressed={isShown(own, view.curve)}
            data-testid={`own-${own.name}`}
            onClick={() => void showOwn(viewport, own)}
          >
            <span class="swatch" style={{ background: swatch(own.points.filter((p) => p[2] > 0).map((p) => p[1])) }} />
            <span>{own.name}</span>
          </button>
          <button
            class="forget"
            aria-label={w.forget(own.name)}
            title={w.forget(own.name)}
            data-testid={`forget-${own.name}`}
            onClick={() => forgetCurve(own.name)}
          >
            ✕
          </button>
        </li>
      ))}
    </ul>
  );
}

export function PresetList({ viewport, view, presets }: Props) {
  const w = renderingWords.value;
  const groups = [...new Set(presets.map(({ group }) => group)), ...(ownCurves(presets).length ? [OWN] : [])];
  const own = ownCurves(presets).find((one) => isShown(one, view.curve));
  const shown = own ? `${OWN} ${own.name}` : view.preset;
  const chosen = own ? OWN : (presets.find(({ name }) => name === view.preset)?.group ?? groups[0]);
  const [opened, setOpened] = useState({ group: chosen, shown });
  // Another preset, perhaps chosen elsewhere, opens its own group.
  const open = opened.shown === shown && groups.includes(opened.group ?? "") ? opened.group : chosen;
  return (
    <>
      {groups.length > 1 && (
        <div class="segments" role="group" aria-label={w.group}>
          {groups.map((group) => (
            <button
              key={group}
              aria-pressed={open === group}
              data-testid={`presets-${group}`}
              onClick={() => setOpened({ group, shown })}
            >
              {group === OWN ? w.own : (w.groups[group] ?? group)}
            </button>
          ))}
        </div>
      )}
      {open === OWN && <OwnList viewport={viewport} view={view} presets={presets} />}
      <ul class="presets swatches">
        {presets
          .filter(({ group }) => group === open)
          .map(({ name, colours }) => (
            <li key={name}>
              <button
                aria-pressed={view.preset === name}
                data-testid={`preset-${name}`}
                onClick={() => choosePreset(viewport, view, name)}
              >
                <span class="swatch" style={{ background: swatch(colours) }} />
                <span>{w.names[name] ?? name}</span>
              </button>
            </li>
          ))}
      </ul>
    </>
  );
}
