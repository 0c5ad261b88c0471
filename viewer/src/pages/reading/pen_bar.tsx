/** Below the picture while something is drawn: what a hand does now, and how to end it. */

import { CurvePen } from "../../reading/curve_pen";
import { busy } from "../../reading/labels";
import { RegionPen } from "../../reading/region_pen";
import { inside, Keeper, Scalpel } from "../../reading/scalpel";
import type { Pen } from "../../reading/pen";
import { undo } from "../../reading/commands";
import { desk } from "../../session";
import { processingWords } from "../../words/processing";
import { words } from "../../words/words";
import "../../styles/processing.css";

function hintOf(pen: Pen): string {
  const w = processingWords.value;
  if (pen instanceof Scalpel) return busy.value ? w.making : w.scalpel_hint;
  if (pen instanceof Keeper) return busy.value ? w.making : w.keep_hint;
  if (pen instanceof CurvePen) return pen.points.value.length ? w.points(pen.points.value.length) : w.curve_hint;
  if (pen instanceof RegionPen) return pen.shape === "ellipse" ? w.ellipse_hint : w.polygon_hint;
  return "";
}

function Tools({ pen }: { pen: Pen }) {
  const w = processingWords.value;
  if (pen instanceof Scalpel) {
    return (
      <>
        <button data-testid="pen-inside" onClick={() => (inside.value = !inside.peek())}>
          {inside.value ? w.inside : w.outside}
        </button>
        <button data-testid="pen-undo" disabled={busy.value} onClick={() => undo(desk)}>
          {words.value.undo}
        </button>
      </>
    );
  }
  if (!(pen instanceof CurvePen) && !(pen instanceof RegionPen && pen.shape === "polygon")) return null;
  return (
    <>
      <button data-testid="pen-back" onClick={() => pen.back()}>
        {w.back}
      </button>
      <button data-testid="pen-finish" onClick={() => pen.finish()}>
        {w.done}
      </button>
    </>
  );
}

export function PenBar() {
  const pen = desk.pen.value;
  if (!pen) return null;
  return (
    <div class="pen-bar" data-testid="pen-bar" data-busy={busy.value}>
      <span role="status">{hintOf(pen)}</span>
      <Tools pen={pen} />
      <button class="tool" aria-label={words.value.cancel} title={words.value.cancel} data-testid="pen-cancel" onClick={() => pen.cancel()}>
        ✕
      </button>
    </div>
  );
}
