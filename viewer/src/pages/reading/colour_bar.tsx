/** The colour bar of a fused volume: the place to read its window. It belongs to the picture that is drawn. */

import * as fusions from "../../reading/fusions";
import { windowNumber } from "../../reading/windows";
import { connection, desk } from "../../session";
import type { Fusion } from "../../stream/messages";
import { processingWords } from "../../words/processing";

export function ColourBar({ fusion }: { fusion: Fusion }) {
  const palette = connection.palettes.value.find(({ name }) => name === fusion.palette);
  const second = fusions.secondOf(desk, fusion);
  const [centre, width] = fusion.window;
  const [low, high] = [centre - width / 2, centre + width / 2].map(windowNumber) as [string, string];
  const unit = second?.stack.unit ?? "";
  const colours = [...(palette?.colours ?? ["#888888", "#888888"])].reverse();
  return (
    <div
      class="colour-bar"
      role="img"
      aria-label={processingWords.value.colour_bar(second?.series.modality ?? "", low, `${high} ${unit}`.trim())}
      data-testid="colour-bar"
    >
      <span class="colour-bar-unit">{unit}</span>
      <span class="colour-bar-colours" style={{ background: `linear-gradient(180deg, ${colours.join(", ")})` }} />
      <span class="colour-bar-number high">{high}</span>
      <span class="colour-bar-number middle">{windowNumber(centre)}</span>
      <span class="colour-bar-number low">{low}</span>
    </div>
  );
}
