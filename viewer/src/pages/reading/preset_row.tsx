/** The presets of a volume rendering under a thumb: a swipe goes to the next one. */

import * as looks from "../../reading/looks";
import { presetsOf } from "../../reading/opening";
import { connection, desk } from "../../session";
import { renderingWords } from "../../words/renderings";
import { words } from "../../words/words";
import { Carousel } from "./carousel";
import { swatch } from "./preset_list";

export function PresetRow() {
  const w = words.value;
  const viewport = desk.viewports.volume;
  const view = viewport.view.value;
  const series = desk.series.value;
  if (view?.kind !== "volume" || !series) return null;
  const presets = presetsOf(connection.presets.value, series.modality, desk.stack.value?.unit);
  return (
    <Carousel class="preset-row" label={w.presets} testid="preset-row">
      {presets.map(({ name, colours }) => (
        <button
          key={name}
          aria-pressed={view.preset === name}
          data-testid={`swipe-${name}`}
          onClick={() => looks.setPreset(viewport, name)}
        >
          <span class="swatch" style={{ background: swatch(colours) }} />
          <span>{renderingWords.value.names[name] ?? name}</span>
        </button>
      ))}
    </Carousel>
  );
}
