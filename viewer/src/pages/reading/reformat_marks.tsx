/** On the planes: where the first and the last image of a batch of reformats will lie. */

import { millimetresPerPixel, type Size } from "../../geometry/camera";
import { ends, imagesOf, lineOn, nameOn, plan } from "../../reading/reformat_plan";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { View } from "../../stream/messages";

const RIM = 0.36; // of the picture's side from its middle: farther out stand letters and texts
const BESIDE_PX = 5;

interface Props {
  viewport: Viewport;
  view: View;
  size: Size;
  density: number;
}

export function ReformatMarks({ viewport, view, size, density }: Props) {
  const wanted = plan.value;
  const geometry = desk.geometry.value;
  const cut = wanted && desk.viewports[wanted.role].view.value;
  if (!wanted || !geometry || view.kind !== "plane" || cut?.kind !== "plane" || viewport.role === wanted.role) return null;
  const images = imagesOf(geometry, cut, wanted);
  const { normal, depths } = ends(images);
  const mm = millimetresPerPixel(view, size);
  const far = size.width + size.height;
  const [middle_x, middle_y] = [size.width / 2, size.height / 2];
  return (
    <g data-testid="reformat-lines">
      {(images.count > 1 ? depths : depths.slice(0, 1)).map((depth, i) => {
        const line = lineOn(view, normal, depth);
        if (!line) return null;
        const [x, y] = [middle_x + line.at[0] / mm, middle_y + line.at[1] / mm];
        const [u, v] = [line.along[0] * far, line.along[1] * far];
        const name = nameOn(line, [RIM * size.width * mm, RIM * size.height * mm]);
        return (
          <g key={i}>
            <line class="reformat-line" x1={x - u} y1={y - v} x2={x + u} y2={y + v} vector-effect="non-scaling-stroke" />
            {name && (
              <text
                class="reformat-number"
                x={middle_x + name[0] / mm + BESIDE_PX * density}
                y={middle_y + name[1] / mm - BESIDE_PX * density}
                font-size={12 * density}
                data-testid={i ? "reformat-last" : "reformat-first"}
              >
                {i ? images.count : 1}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}
