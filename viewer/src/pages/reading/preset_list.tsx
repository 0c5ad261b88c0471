/** The presets of a volume rendering, group by group where a modality has several. */

import { useState } from "preact/hooks";
import * as looks from "../../reading/looks";
import type { Viewport } from "../../reading/viewport";
import type { Preset, VolumeView } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";

/** A few colours as a background. */
export const swatch = (colours: string[]): string => {
  const [first = "#888"] = colours;
  return `linear-gradient(90deg, ${(colours.length > 1 ? colours : [first, first]).join(", ")})`;
};

interface Props {
  viewport: Viewport;
  view: VolumeView;
  presets: Preset[];
}

export function PresetList({ viewport, view, presets }: Props) {
  const w = renderingWords.value;
  const groups = [...new Set(presets.map(({ group }) => group))];
  const chosen = presets.find(({ name }) => name === view.preset)?.group ?? groups[0];
  const [opened, setOpened] = useState({ group: chosen, preset: view.preset });
  // Another preset, perhaps chosen elsewhere, opens its own group.
  const open = opened.preset === view.preset && groups.includes(opened.group ?? "") ? opened.group : chosen;
  return (
    <>
      {groups.length > 1 && (
        <div class="segments" role="group" aria-label={w.group}>
          {groups.map((group) => (
            <button
              key={group}
              aria-pressed={open === group}
              data-testid={`presets-${group}`}
              onClick={() => setOpened({ group, preset: view.preset })}
            >
              {w.groups[group] ?? group}
            </button>
          ))}
        </div>
      )}
      <ul class="presets swatches">
        {presets
          .filter(({ group }) => group === open)
          .map(({ name, colours }) => (
            <li key={name}>
              <button
                aria-pressed={view.preset === name}
                data-testid={`preset-${name}`}
                onClick={() => looks.setPreset(viewport, name)}
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
