/** On the planes: where the first and the last image of a batch of reformats will lie. */

import { millimetresPerPixel, type Size } from "../../geometry/camera";
import { ends, imagesOf, lineOn, plan } from "../../reading/reformats";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { View } from "../../stream/messages";

export function ReformatMarks({ viewport, view, size }: { viewport: Viewport; view: View; size: Size }) {
  const wanted = plan.value;
  const geometry = desk.geometry.value;
  const cut = wanted && desk.viewports[wanted.role].view.value;
  if (!wanted || !geometry || view.kind !== "plane" || cut?.kind !== "plane" || viewport.role === wanted.role) return null;
  const { normal, depths } = ends(imagesOf(geometry, cut, wanted));
  const mm = millimetresPerPixel(view, size);
  const far = size.width + size.height;
  return (
    <g data-testid="reformat-lines">
      {depths.map((depth, i) => {
        const line = lineOn(view, normal, depth);
        if (!line) return null;
        const [x, y] = [size.width / 2 + line.at[0] / mm, size.height / 2 + line.at[1] / mm];
        const [u, v] = [line.along[0] * far, line.along[1] * far];
        return <line key={i} class="reformat-line" x1={x - u} y1={y - v} x2={x + u} y2={y + v} vector-effect="non-scaling-stroke" />;
      })}
    </g>
  );
}
