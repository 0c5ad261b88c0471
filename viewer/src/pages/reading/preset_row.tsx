/** What a volume is shown as, under a thumb: a swipe goes to the next. Beside it the curve and the clip box. */

import { presetsOf } from "../../reading/opening";
import { connection, desk } from "../../session";
import { renderingWords } from "../../words/renderings";
import { words } from "../../words/words";
import { Carousel } from "./carousel";
import { ClipButton } from "./clip_button";
import { Sign } from "./curve_signs";
import { choosePreset, chooseProjection, isPreset, PROJECTIONS, swatch } from "./preset_list";
import "../../styles/curve.css";

export function PresetRow() {
  const w = words.value;
  const viewport = desk.viewports.volume;
  const view = viewport.view.value;
  const series = desk.series.value;
  if (view?.kind !== "volume" || !series) return null;
  const presets = presetsOf(connection.presets.value, series.modality, desk.stack.value?.unit);
  const { names, edit, through } = renderingWords.value;
  return (
    <div class="preset-bar">
      <Carousel class="preset-row" label={w.presets} testid="preset-row">
        {presets.map(({ name, colours }) => (
          <button
            key={name}
            aria-pressed={isPreset(view, name)}
            data-testid={`swipe-${name}`}
            onClick={() => choosePreset(viewport, view, name)}
          >
            <span class="swatch" style={{ background: swatch(colours) }} />
            <span>{names[name] ?? name}</span>
          </button>
        ))}
        {PROJECTIONS.map((projection) => (
          <button
            key={projection}
            title={through[projection]}
            aria-pressed={view.projection === projection}
            data-testid={`swipe-${projection}`}
            onClick={() => chooseProjection(viewport, view, projection)}
          >
            <span>{w.projections_short[projection]}</span>
          </button>
        ))}
      </Carousel>
      <button
        class="tool"
        aria-label={edit}
        title={edit}
        aria-pressed={desk.editing.value && !view.projection}
        disabled={!!view.projection}
        data-testid="curve-button"
        onClick={() => (desk.editing.value = !desk.editing.value)}
      >
        <Sign name="curve" />
      </button>
      <ClipButton viewport={viewport} view={view} />
    </div>
  );
}
