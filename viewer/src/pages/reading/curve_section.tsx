/** Curves and planes that a reader keeps: drawn, named, listed, shown again, taken away. */

import { useState } from "preact/hooks";
import * as courses from "../../reading/courses";
import { CurvePen } from "../../reading/curve_pen";
import * as kept from "../../reading/kept_planes";
import * as walk from "../../reading/walk";
import { desk } from "../../session";
import { processingWords } from "../../words/processing";
import { words } from "../../words/words";
import { NeedsPlanes } from "./processing_panel";

function draw(curve: courses.Curve | null): void {
  desk.pen.peek()?.cancel();
  if (desk.small.peek() && !["axial", "coronal", "sagittal"].includes(desk.maximised.peek() ?? "")) {
    desk.maximised.value = desk.active.value = "axial"; // curves are drawn on planes
  }
  desk.pen.value = new CurvePen(desk, curve, traced);
  desk.sheet.value = null;
}

/** Along the curve, or why not. */
function traced(id: number): void {
  const curve = courses.curveOf(id);
  if (curve && courses.courseOf(curve)) return walk.open(desk, id);
  const impossible = !!curve && courses.isImpossible(curve);
  desk.toast.value = { say: () => (impossible ? processingWords.value.no_curve : processingWords.value.unanswered) };
}

function look(id: number): void {
  walk.open(desk, id);
  desk.sheet.value = null;
}

/** What was taken away can be brought back. */
function tell(name: string, bring: () => void): void {
  desk.toast.value = { say: () => processingWords.value.deleted(name), offer: { label: (w) => w.undo, run: bring } };
}

function take(curve: courses.Curve, name: string): void {
  const pen = desk.pen.peek();
  if (pen instanceof CurvePen && pen.id === curve.id) pen.cancel();
  tell(name, courses.remove(curve.id));
}

/** A name that can be typed: Enter or leaving takes it. */
function Name({ name, usual, testid, onname }: { name: string; usual: string; testid: string; onname(name: string): void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const commit = (): void => {
    if (typed !== null) onname(typed);
    setTyped(null);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setTyped(null);
    else if (event.key !== "Enter") return;
    (event.currentTarget as HTMLElement).blur();
    event.stopPropagation();
  };
  return (
    <input
      value={typed ?? name}
      placeholder={usual}
      aria-label={`${usual} ${processingWords.value.name}`}
      maxLength={40}
      data-testid={testid}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={key}
    />
  );
}

export const curveName = ({ id, name }: courses.Curve, all: readonly courses.Curve[]): string =>
  name || processingWords.value.curve(all.findIndex((one) => one.id === id) + 1);

function lengthText(curve: courses.Curve): string {
  const w = processingWords.value;
  const course = courses.courseOf(curve);
  return course ? w.length(course.length_mm.toFixed(1)) : courses.isImpossible(curve) ? w.no_curve : w.points(curve.points.length);
}

function Curves() {
  const w = processingWords.value;
  const all = courses.curvesHere(desk);
  const shown = walk.walkOf(desk)?.id ?? null;
  const pen = desk.pen.value;
  return (
    <>
      <button class="wide" aria-pressed={pen instanceof CurvePen} data-testid="draw-curve" onClick={() => draw(null)}>
        {w.draw_curve}
      </button>
      <ul class="kept" data-testid="curves">
        {all.map((curve, i) => (
          <li key={curve.id} data-testid={`curve-${i}`}>
            <Name name={curve.name} usual={w.curve(i + 1)} testid={`curve-name-${i}`} onname={(name) => courses.rename(curve.id, name)} />
            <span class="mono faint" data-testid={`curve-length-${i}`}>
              {lengthText(curve)}
            </span>
            <div class="buttons">
              <button aria-pressed={shown === curve.id} disabled={!courses.courseOf(curve)} data-testid={`curve-open-${i}`} onClick={() => look(curve.id)}>
                {w.along}
              </button>
              <button
                aria-pressed={pen instanceof CurvePen && pen.id === curve.id}
                data-testid={`curve-edit-${i}`}
                onClick={() => draw(curve)}
              >
                {w.edit_curve}
              </button>
              <button aria-label={w.delete(curveName(curve, all))} data-testid={`curve-delete-${i}`} onClick={() => take(curve, curveName(curve, all))}>
                ✕
              </button>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Planes() {
  const w = processingWords.value;
  const all = kept.planesHere(desk);
  const { role } = desk.activeViewport.value;
  const plane = role === "axial" || role === "coronal" || role === "sagittal";
  const nameOf = (one: kept.KeptPlane, i: number): string => w.plane(i + 1, words.value.roles_short[one.role]);
  const show = (one: kept.KeptPlane): void => {
    kept.recall(desk, one);
    desk.sheet.value = null;
  };
  return (
    <>
      <h3>{w.saved_planes}</h3>
      <button class="wide" disabled={!plane} data-testid="keep-plane" onClick={() => kept.keepPlane(desk, "")}>
        {w.keep_plane}
      </button>
      <ul class="kept" data-testid="kept-planes">
        {all.map((one, i) => (
          <li key={one.id}>
            <Name name={one.name} usual={nameOf(one, i)} testid={`plane-name-${i}`} onname={(name) => kept.renamePlane(one.id, name)} />
            <div class="buttons">
              <button data-testid={`plane-recall-${i}`} onClick={() => show(one)}>
                {w.shown(one.name || nameOf(one, i))}
              </button>
              <button
                aria-label={w.delete(one.name || nameOf(one, i))}
                data-testid={`plane-delete-${i}`}
                onClick={() => tell(one.name || nameOf(one, i), kept.forgetPlane(one.id))}
              >
                ✕
              </button>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

export function CurveSection() {
  if (desk.layout.value !== "mpr") return <NeedsPlanes />;
  return (
    <>
      <Curves />
      <Planes />
    </>
  );
}
