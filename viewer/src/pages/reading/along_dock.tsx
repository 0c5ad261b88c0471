/** Below the pictures while one looks along a curve: layout, turn about the curve, place of the section. */

import { courseOf, isImpossible } from "../../reading/courses";
import { LAYOUTS, close, walkOf } from "../../reading/walk";
import { desk } from "../../session";
import { processingWords } from "../../words/processing";
import { words } from "../../words/words";
import { narrow } from "../common";
import { NumberField } from "./number_field";
import { Slider } from "./slider";
import "../../styles/processing.css";

const UNITS = { angle: "°", place: "mm" };

export function AlongDock() {
  const w = processingWords.value;
  const walk = walkOf(desk);
  const curve = walk?.curve.value;
  const view = desk.viewports.curved.view.value;
  if (!walk || !curve) return null;
  const typed = !narrow.value; // a phone's keyboard would hide the pictures
  const length = curve.traced?.course?.length_mm ?? 0;
  const at = walk.at_mm.value;
  return (
    <section class="along-dock" aria-label={w.dock} data-testid="along-dock">
      <div class="segments" role="group" aria-label={w.layout}>
        {LAYOUTS.map((layout) => (
          <button
            key={layout}
            aria-pressed={view?.kind === "curved" && view.layout === layout}
            data-testid={`layout-${layout}`}
            onClick={() => walk.setLayout(layout)}
          >
            {w.layouts[layout]}
          </button>
        ))}
      </div>
      <Slider
        label={w.angle}
        least={0}
        most={359} // 360 is 0: the slider would jump under the hand
        step={1}
        value={walk.angle}
        text={`${Math.round(walk.angle)}°`}
        testid="curve-angle"
        oninput={(degrees) => walk.setAngle(degrees, true)}
      />
      {typed && (
        <NumberField
          label={UNITS.angle}
          name={`${w.angle} ${UNITS.angle}`}
          value={String(Math.round(walk.angle))}
          testid="curve-angle-typed"
          oncommit={(degrees) => walk.setAngle(degrees, false)}
        />
      )}
      <Slider
        label={w.place}
        least={0}
        most={Math.max(0.1, length)}
        step={0.1}
        value={at}
        text={w.at_of(at.toFixed(1), length.toFixed(1))}
        testid="curve-place"
        oninput={(mm) => walk.go(mm, true)}
      />
      {typed && (
        <NumberField label={UNITS.place} name={`${w.place} ${UNITS.place}`} value={at.toFixed(1)} testid="curve-place-typed" oncommit={(mm) => walk.go(mm, false)} />
      )}
      {!courseOf(curve) && desk.pen.value === null && (
        <p class="faint" role="status">
          {isImpossible(curve) ? w.no_curve : words.value.waiting}
        </p>
      )}
      <button class="tool" aria-label={w.close_curved} title={w.close_curved} data-testid="close-along" onClick={() => close(desk)}>
        ✕
      </button>
    </section>
  );
}
