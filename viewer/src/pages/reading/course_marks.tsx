/** Curves on planes and volume renderings, the section's place on them, and where things are in the curved picture. */

import { screenOf, type Size } from "../../geometry/camera";
import { distanceTo, pathsOn, placeAt, straightened, type Course } from "../../geometry/course";
import { project } from "../../geometry/projection";
import type { Vector2, Vector3 } from "../../geometry/vectors";
import { courseIn, sectionIn, shownIn } from "../../reading/along";
import { curvesHere, type Curve } from "../../reading/courses";
import { CurvePen, NEAR_MM } from "../../reading/curve_pen";
import type { Viewport } from "../../reading/viewport";
import { walkOf } from "../../reading/walk";
import { desk } from "../../session";
import type { CurvedView, PlaneView, View, VolumeView } from "../../stream/messages";
import { useLocated } from "./located";

const TRACED_PX = 6; // a point every so many pixels is enough

interface Props {
  viewport: Viewport;
  view: View;
  size: Size;
  density: number;
}

const thinnedOut = (points: readonly Vector3[], most: number): Vector3[] => {
  const every = Math.max(1, Math.floor(points.length / most));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
};

function OnPlane({ curve, view, size, density, chosen }: { curve: Curve; view: PlaneView; size: Size; density: number; chosen: boolean }) {
  const near_mm = Math.max(NEAR_MM, (view.thickness_mm ?? 0) / 2);
  const points = thinnedOut(curve.traced?.course?.points ?? curve.points, (size.width + size.height) / TRACED_PX);
  const { all, near } = pathsOn(view, size, points, near_mm);
  return (
    <g class={chosen ? "course chosen" : "course"}>
      <path class="far" d={all} vector-effect="non-scaling-stroke" />
      <path class="near" d={near} vector-effect="non-scaling-stroke" />
      {chosen &&
        curve.points.map((point, i) => {
          const [x, y] = screenOf(view, size, point);
          const name = distanceTo(view, point) <= near_mm ? "control" : "control far";
          return <circle key={i} class={name} cx={x} cy={y} r={5 * density} vector-effect="non-scaling-stroke" data-testid="control-point" />;
        })}
    </g>
  );
}

function OnVolume({ curve, view, size }: { curve: Curve; view: VolumeView; size: Size }) {
  const places = thinnedOut(curve.traced?.course?.points ?? [], 200).map((point) => project(view, size, point));
  const path = places.map((place, i) => place && `${i && places[i - 1] ? "L" : "M"}${place[0].toFixed(1)} ${place[1].toFixed(1)}`);
  return (
    <g class="course chosen">
      <path class="far" d={path.filter(Boolean).join("")} vector-effect="non-scaling-stroke" />
    </g>
  );
}

/** Where the section stands on a plane or a volume rendering. */
function Stand({ at, density }: { at: Vector2 | null; density: number }) {
  return at && <circle class="stand" cx={at[0]} cy={at[1]} r={6 * density} vector-effect="non-scaling-stroke" data-testid="stand" />;
}

/** Where the section stands on a plane, on a volume rendering or in a curved picture: as it is drawn, not as it is asked for. */
function standing(): { point: Vector3; mm: number; course: Course } | null {
  const view = shownIn(desk, "section");
  const at = view?.kind === "plane" ? sectionIn(desk, view) : null;
  return at && { ...at, point: placeAt(at.course, at.mm).point };
}

/** Centimetres along the curve at the left rim of its straightened picture, every fifth longer. */
function Ticks({ view, size, density }: Props & { view: CurvedView }) {
  const course = courseIn(desk, view);
  if (!course) return null;
  const all = Array.from({ length: Math.floor(course.length_mm / 10) + 1 }, (_, i) => straightened(view, size, 10 * i)[1]);
  return (
    <g data-testid="ticks">
      {all.map((y, i) => (
        <line key={i} class="tick" x1={0} x2={(i % 5 ? 5 : 9) * density} y1={y} y2={y} vector-effect="non-scaling-stroke" />
      ))}
    </g>
  );
}

function OnCurved({ viewport, view, size, density }: Props & { view: CurvedView }) {
  const at = standing();
  const here = at && at.course === courseIn(desk, view) ? at : null;
  const straight = view.layout === "straightened"; // there millimetres along the curve are those of the picture
  const [located = null, cross = null] = useLocated(viewport, view, size, [straight ? null : (here?.point ?? null), desk.cross.value]);
  const row = straight && here ? straightened(view, size, here.mm) : located;
  const stand = row && row[1] >= 0 && row[1] <= size.height ? row : null;
  return (
    <>
      {straight && <Ticks {...{ viewport, view, size, density }} />}
      {stand && (
        <g data-testid="section-line">
          <line class="section-line" x1={0} x2={size.width * 0.12} y1={stand[1]} y2={stand[1]} vector-effect="non-scaling-stroke" />
          <line class="section-line" x1={size.width * 0.88} x2={size.width} y1={stand[1]} y2={stand[1]} vector-effect="non-scaling-stroke" />
          <Stand at={stand} density={density} />
        </g>
      )}
      {cross && (
        <g data-testid="located-cross">
          <circle class="located" cx={cross[0]} cy={cross[1]} r={7 * density} vector-effect="non-scaling-stroke" />
          <circle class="located-dot" cx={cross[0]} cy={cross[1]} r={1.5 * density} />
        </g>
      )}
    </>
  );
}

/** On the section: which way the rows of a straightened picture run. Those of the others need not lie in its plane. */
function OnSection({ view, size }: { view: PlaneView; size: Size }) {
  const [at, curved] = [sectionIn(desk, view), shownIn(desk, "curved")];
  if (!at || curved?.kind !== "curved" || curved.layout !== "straightened" || courseIn(desk, curved) !== at.course) return null;
  const angle = ((curved.angle ?? 0) * Math.PI) / 180;
  const [x, y] = screenOf(view, size, placeAt(at.course, at.mm).point);
  const [u, v] = [Math.cos(angle), Math.sin(angle)];
  const [from, to] = [0.06 * Math.min(size.width, size.height), 0.3 * Math.min(size.width, size.height)];
  return (
    <g data-testid="row-line">
      {[1, -1].map((way) => (
        <line
          key={way}
          class="row-line"
          x1={x + way * from * u}
          y1={y + way * from * v}
          x2={x + way * to * u}
          y2={y + way * to * v}
          vector-effect="non-scaling-stroke"
        />
      ))}
    </g>
  );
}

export function CourseMarks({ viewport, view, size, density }: Props) {
  const pen = desk.pen.value;
  const walk = walkOf(desk);
  const chosen = pen instanceof CurvePen ? pen.id : (walk?.id ?? null);
  const stand = standing()?.point ?? null;
  if (view.kind === "curved") return <OnCurved {...{ viewport, view, size, density }} />;
  if (viewport.role === "section") return view.kind === "plane" ? <OnSection view={view} size={size} /> : null;
  if (view.kind === "plane") {
    return (
      <>
        {curvesHere(desk).map((curve) => (
          <OnPlane key={curve.id} {...{ curve, view, size, density }} chosen={curve.id === chosen} />
        ))}
        <Stand at={stand && screenOf(view, size, stand)} density={density} />
      </>
    );
  }
  const one = curvesHere(desk).find(({ id }) => id === chosen);
  if (view.kind !== "volume" || !one) return null;
  return (
    <>
      <OnVolume curve={one} view={view} size={size} />
      <Stand at={stand && project(view, size, stand)} density={density} />
    </>
  );
}
