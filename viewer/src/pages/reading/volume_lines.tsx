/** What stands in the corner of a volume: its preset, a reader's own curve or a projection, what of it is seen and how. */

import { isClipped } from "../../reading/clips";
import { desk } from "../../session";
import type { VolumeView } from "../../stream/messages";
import { clipWords } from "../../words/clips";
import { renderingWords } from "../../words/renderings";

export function VolumeLines({ view, unit }: { view: VolumeView; unit: string }) {
  const [w, c] = [renderingWords.value, clipWords.value];
  const { preset, curve, shift = 0, perspective, projection } = view;
  const geometry = desk.geometry.value;
  const name = w.names[preset] ?? preset;
  const moved = shift ? ` ${shift > 0 ? "+" : ""}${Math.round(shift)} ${unit}`.trimEnd() : "";
  return (
    <>
      <span data-testid="rendering-text">
        {projection ? w.through[projection] : `${curve ? w.own_curve(name) : name}${moved}`}
      </span>
      {perspective && !projection && <span data-testid="perspective-text">{`${c.perspective} ${perspective}°`}</span>}
      {geometry && isClipped(geometry, view) && <span data-testid="clipped">{c.clipped}</span>}
    </>
  );
}
