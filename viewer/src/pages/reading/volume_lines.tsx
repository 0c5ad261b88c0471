/** What stands in the corner of a volume rendering: its preset, whether the curve is a reader's own, and its shift. */

import type { VolumeView } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";

export function VolumeLines({ view: { preset, curve, shift = 0 }, unit }: { view: VolumeView; unit: string }) {
  const w = renderingWords.value;
  const name = w.names[preset] ?? preset;
  const moved = shift ? ` ${shift > 0 ? "+" : ""}${Math.round(shift)} ${unit}`.trimEnd() : "";
  return <span data-testid="rendering-text">{`${curve ? w.own_curve(name) : name}${moved}`}</span>;
}
