/** Regions that are measured: which shape is drawn, and the numbers of the one that is there. */

import { RegionPen } from "../../reading/region_pen";
import { regionsIn, remove, type Shape } from "../../reading/regions";
import { desk } from "../../session";
import { processingWords } from "../../words/processing";
import { RegionNumbers } from "./region_numbers";

function draw(shape: Shape): void {
  const pen = desk.pen.peek();
  const same = pen instanceof RegionPen && pen.shape === shape;
  pen?.cancel();
  if (same) return;
  desk.pen.value = new RegionPen(desk, shape);
  desk.sheet.value = null;
}

export function RegionSection() {
  const w = processingWords.value;
  const pen = desk.pen.value;
  const here = desk.shownRoles.value.flatMap((role) => regionsIn(desk.viewports[role]));
  return (
    <>
      <div class="buttons">
        {(["ellipse", "polygon"] as const).map((shape) => (
          <button
            key={shape}
            aria-pressed={pen instanceof RegionPen && pen.shape === shape}
            data-testid={`draw-${shape}`}
            onClick={() => draw(shape)}
          >
            {shape === "ellipse" ? w.ellipse : w.polygon}
          </button>
        ))}
      </div>
      <p class="faint">{w.region_hint}</p>
      {here.map((now) => (
        <div key={now.id}>
          <RegionNumbers now={now} />
          <button class="wide" data-testid="remove-region" onClick={() => remove(now)}>
            {w.remove_region}
          </button>
        </div>
      ))}
    </>
  );
}
