/** What a volume is shown as: presets group by group, projections through all of it, the reader's own curves. */

import { useState } from "preact/hooks";
import { forgetCurve, isShown, ownCurves, showOwn } from "../../reading/own_curves";
import * as renderings from "../../reading/renderings";
import type { OwnCurve } from "../../reading/preferences";
import type { Projection } from "../../reading/slabs";
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

const isWhole = (view: VolumeView): boolean => !view.clip_box && !view.clip_planes?.length;

/** A filter that a rendering does not take, or not so much of, has gone with the projection that it was for. */
function tellFilter(viewport: Viewport, before: VolumeView): void {
  const now = viewport.view.peek()?.filter;
  const key = !before.filter ? null : !now ? "filter_left" : now.size !== before.filter.size ? "filter_less" : null;
  if (key) desk.toast.value = { say: () => renderingWords.value[key] };
}

export function choosePreset(viewport: Viewport, view: VolumeView, name: string): void {
  renderings.setPreset(viewport, name);
  tellFilter(viewport, view);
  if (name === NEEDS_A_BOX && isWhole(view)) desk.toast.value = { say: () => renderingWords.value.needs_a_box };
}

export const PROJECTIONS = ["max", "min", "mean"] as const;

export function chooseProjection(viewport: Viewport, view: VolumeView, projection: Projection | null): void {
  renderings.setProjection(desk, viewport, projection);
  tellFilter(viewport, view);
  const shows_air = projection === "min" && desk.stack.peek()?.unit === "HU" && isWhole(view);
  if (shows_air) desk.toast.value = { say: () => renderingWords.value.air_is_least };
}

export const isPreset = (view: VolumeView, name: string): boolean => !view.projection && view.preset === name;

async function chooseOwn(viewport: Viewport, own: OwnCurve): Promise<void> {
  const before = viewport.view.peek();
  if (await showOwn(viewport, own)) return void (before?.kind === "volume" && tellFilter(viewport, before));
  desk.toast.value = {
    say: () => renderingWords.value.untold,
    offer: { label: () => renderingWords.value.again, run: () => void chooseOwn(viewport, own) },
  };
}

interface Props {
  viewport: Viewport;
  view: VolumeView;
  presets: Preset[];
}

const OWN = "own";
const THROUGH = "projections";

function ProjectionList({ viewport, view }: Omit<Props, "presets">) {
  const w = renderingWords.value;
  return (
    <ul class="presets">
      {[...PROJECTIONS, null].map((projection) => (
        <li key={projection}>
          <button
            aria-pressed={(view.projection ?? null) === projection}
            data-testid={`through-${projection ?? "shaded"}`}
            onClick={() => chooseProjection(viewport, view, projection)}
          >
            <span>{projection ? w.through[projection] : w.shaded}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function OwnList({ viewport, view, presets }: Props) {
  const w = renderingWords.value;
  return (
    <ul class="presets swatches">
      {ownCurves(presets).map((own) => (
        <li key={own.name} class="own-preset">
          <button
            aria-pressed={!view.projection && isShown(own, view.curve)}
            data-testid={`own-${own.name}`}
            onClick={() => void chooseOwn(viewport, own)}
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
  const groups = [...new Set(presets.map(({ group }) => group)), THROUGH, ...(ownCurves(presets).length ? [OWN] : [])];
  const names: Record<string, string> = { ...w.groups, [THROUGH]: w.projections, [OWN]: w.own };
  const own = ownCurves(presets).find((one) => isShown(one, view.curve));
  const shown = view.projection ? THROUGH : own ? `${OWN} ${own.name}` : view.preset;
  const group = own ? OWN : (presets.find(({ name }) => name === view.preset)?.group ?? groups[0]);
  const chosen = view.projection ? THROUGH : group;
  const [opened, setOpened] = useState({ group: chosen, shown });
  // Another preset, perhaps chosen elsewhere, opens its own group.
  const open = opened.shown === shown && groups.includes(opened.group ?? "") ? opened.group : chosen;
  return (
    <>
      <div class="segments" role="group" aria-label={w.group}>
        {groups.map((one) => (
          <button
            key={one}
            aria-pressed={open === one}
            data-testid={`presets-${one}`}
            onClick={() => setOpened({ group: one, shown })}
          >
            {names[one] ?? one}
          </button>
        ))}
      </div>
      {open === THROUGH && <ProjectionList viewport={viewport} view={view} />}
      {open === OWN && <OwnList viewport={viewport} view={view} presets={presets} />}
      <ul class="presets swatches">
        {presets
          .filter(({ group }) => group === open)
          .map(({ name, colours }) => (
            <li key={name}>
              <button
                aria-pressed={isPreset(view, name)}
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
