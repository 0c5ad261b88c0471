/** A region on its picture, and what is being drawn: the lasso of a scalpel, an ellipse, a polygon. */

import type { Size } from "../../geometry/camera";
import type { Vector2 } from "../../geometry/vectors";
import { sketch } from "../../reading/region_pen";
import { cornersOn, isFlat, outlineOn, placeOf, regionsIn, type Flat, type Region, type Shape } from "../../reading/regions";
import { stroke } from "../../reading/scalpel";
import type { Viewport } from "../../reading/viewport";
import type { Drawn } from "../../stream/screen";
import type { View } from "../../stream/messages";
import { RegionLine, RegionNumbers } from "./region_numbers";

const path = (points: readonly Vector2[], closed: boolean): string =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") + (closed ? "Z" : "");

function Outline({ shape, points, closed, name }: { shape: Shape; points: readonly Vector2[]; closed: boolean; name: string }) {
  const [a, b] = points;
  if (!a) return null;
  if (shape === "polygon" || !b) return <path class={name} d={path(points, closed)} vector-effect="non-scaling-stroke" />;
  return (
    <ellipse
      class={name}
      cx={(a[0] + b[0]) / 2}
      cy={(a[1] + b[1]) / 2}
      rx={Math.abs(b[0] - a[0]) / 2}
      ry={Math.abs(b[1] - a[1]) / 2}
      vector-effect="non-scaling-stroke"
    />
  );
}

interface Props {
  viewport: Viewport;
  frame: Drawn;
  view: View;
  size: Size;
}

/** In the coordinates of the drawn picture, as everything in this overlay. */
export function Drawing({ viewport, frame, view, size }: Props) {
  const [cut, now] = [stroke.value, sketch.value];
  const pixels = (points: readonly Vector2[]): Vector2[] => points.map((point) => viewport.pixelAt(point, frame));
  const drawing = now?.role === viewport.role && isFlat(view) && placeOf(view) === now.place ? now : null;
  const points = drawing && isFlat(view) ? cornersOn([...drawing.corners, ...drawing.hand], view, size) : [];
  return (
    <>
      {cut?.role === viewport.role && <Outline shape="polygon" points={pixels(cut.points)} closed name="lasso" />}
      {drawing && <Outline shape={drawing.shape} points={points} closed={points.length > 2} name="region" />}
      {drawing?.shape === "polygon" &&
        points.map(([x, y], i) => <circle key={i} class="region-corner" cx={x} cy={y} r={2.5 * viewport.density} />)}
    </>
  );
}

export function RegionOutlines({ viewport, view, size }: Props) {
  if (!isFlat(view)) return null;
  return (
    <>
      {regionsIn(viewport).map((now) => (
        <Outline key={now.id} {...outlineOn(now, view, size)} closed name="region" />
      ))}
    </>
  );
}

/** The numbers beside a region, within the picture: of the newest all, of others one line. */
function Card({ now, brief, view, size }: { now: Region; brief: boolean; view: Flat; size: Size }) {
  const { points } = outlineOn(now, view, size);
  const [left, right] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  const middle = (Math.min(...points.map(([, y]) => y)) + Math.max(...points.map(([, y]) => y))) / 2;
  // On the side with more room, as high as the region where that fits.
  const rightward = size.width - right >= left;
  const [up, tall] = brief ? [12, 30] : [70, 190];
  const top = `clamp(36px, calc(${(100 * middle) / size.height}% - ${up}px), max(36px, calc(100% - ${tall}px)))`;
  const side = rightward
    ? { left: `min(${(100 * right) / size.width}%, calc(100% - 150px))` }
    : { right: `min(${100 - (100 * left) / size.width}%, calc(100% - 150px))` };
  return (
    <div class={`region-card${brief ? " brief" : ""}`} style={{ top, ...side }} data-testid={brief ? "region-line" : "region-card"}>
      {brief ? <RegionLine now={now} /> : <RegionNumbers now={now} />}
    </div>
  );
}

export function RegionCards({ viewport, view, size }: Props) {
  if (!isFlat(view)) return null;
  const here = regionsIn(viewport);
  return (
    <>
      {here.map((now, i) => (
        <Card key={now.id} brief={i < here.length - 1} {...{ now, view, size }} />
      ))}
    </>
  );
}
