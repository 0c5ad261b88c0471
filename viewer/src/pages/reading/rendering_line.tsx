/** What a volume is shown as, in its corner: its preset, a reader's own curve or a projection. Its names come late. */

import { shiftText } from "../../reading/renderings";
import type { VolumeView } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";

export function RenderingLine({ view, unit }: { view: VolumeView; unit: string }) {
  const w = renderingWords.value;
  const { preset, curve, shift = 0, projection } = view;
  const name = w.names[preset] ?? preset;
  const moved = shift ? ` ${shift > 0 ? "+" : ""}${shiftText(shift, unit)}` : "";
  return (
    <span data-testid="rendering-text">
      {projection ? w.through[projection] : `${curve ? w.own_curve(name) : name}${moved}`}
    </span>
  );
}
