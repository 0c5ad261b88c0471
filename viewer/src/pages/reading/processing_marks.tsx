/** What image processing draws over a picture: lasso, regions, curves, colour bar. Fetched when a part of it is opened. */

import type { Viewport } from "../../reading/viewport";
import { ColourBar } from "./colour_bar";
import { CourseMarks } from "./course_marks";
import { ReformatMarks } from "./reformat_marks";
import { Drawing, RegionCards, RegionOutlines } from "./region_marks";
import "../../styles/processing.css";

export function ProcessingMarks({ viewport }: { viewport: Viewport }) {
  const drawn = viewport.drawn.value;
  if (!drawn) return null;
  const { frame, view } = drawn;
  const size = { width: frame.full_width, height: frame.full_height };
  const props = { viewport, frame, view, size, density: viewport.density / viewport.stretch };
  const fusion = "fusion" in view ? view.fusion : null;
  return (
    <>
      {/* The default aspect ratio, as the canvas has: a resized viewport shows both whole and in the middle. */}
      <svg class="crosshair processing-marks" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
        <CourseMarks {...props} />
        <ReformatMarks {...props} />
        <RegionOutlines {...props} />
        <Drawing {...props} />
      </svg>
      {fusion && <ColourBar fusion={fusion} />}
      <RegionCards {...props} />
    </>
  );
}
