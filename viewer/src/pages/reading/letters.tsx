/** Orientation letters at the four edges, and the scale bar. Both belong to the picture that is drawn. */

import type { StackInfo } from "../../api/messages";
import { eyeDistance, millimetresPerPixel } from "../../geometry/camera";
import { directionOf, edges, inPatient, type Edges } from "../../geometry/letters";
import { lengthText, scaleBar } from "../../geometry/scale_bar";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { View } from "../../stream/messages";

/** The letters of a view; null where the image does not say how it lies in the patient. */
export function edgesOf(view: View, stack: StackInfo): Edges | null {
  if (view.kind === "curved") return null; // which way a row points changes along the curve
  if (view.kind !== "stack") return edges(view.right, view.down);
  const place = stack.frames[view.frame];
  // A projection has no directions in millimetres; its header may give letters.
  const row = place?.row ?? directionOf(place?.patient_orientation?.[0] ?? "");
  const column = place?.column ?? directionOf(place?.patient_orientation?.[1] ?? "");
  if (!row || !column) return null;
  return edges(inPatient(view.right, row, column), inPatient(view.down, row, column));
}

/** The letters of some edges. The bottom one stands among the corner texts, which give way to it where room is scarce. */
export function Letters({ viewport, at }: { viewport: Viewport; at: readonly (keyof Edges)[] }) {
  const drawn = viewport.drawn.value;
  const stack = drawn && desk.stackOf(drawn.view);
  const found = drawn && stack && edgesOf(drawn.view, stack);
  if (!found) return null;
  return (
    <>
      {at.map((edge) => (
        <span key={edge} class={`letter letter-${edge}`} data-testid={`letter-${edge}`}>
          {found[edge]}
        </span>
      ))}
    </>
  );
}

export function ScaleBar({ viewport }: { viewport: Viewport }) {
  const drawn = viewport.drawn.value;
  const stack = drawn && desk.stackOf(drawn.view);
  if (!drawn || !stack) return null;
  const { view } = drawn;
  // Without a known spacing a millimetre would be a guess; in perspective, and on a projected curve, it has many lengths.
  if (view.kind === "stack" ? !stack.spacing : view.kind === "volume" && eyeDistance(view)) return null;
  if (view.kind === "curved" && view.layout === "projected") return null;
  const size = { width: drawn.frame.full_width, height: drawn.frame.full_height };
  const bar = scaleBar(millimetresPerPixel(drawn.view, size), size.width * 0.3);
  return (
    <div
      class="scale-bar"
      data-testid="scale-bar"
      data-mm={bar.length_mm}
      style={{ width: `${((bar.pixels * viewport.stretch) / viewport.size.value.width) * 100}%` }}
    >
      <span>{lengthText(bar.length_mm)}</span>
    </div>
  );
}
