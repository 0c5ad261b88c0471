/** The cross of a plane: each line has the colour of the plane that it stands for, and a gap where one looks. */

import { crosshair, handles } from "../../geometry/crosshair";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";

const GAP = 12; // CSS pixels

export function Crosshair({ viewport }: { viewport: Viewport }) {
  const drawn = viewport.drawn.value;
  const point = desk.cross.value;
  if (!drawn || drawn.view.kind !== "plane" || !point || !desk.linked.value) return null;
  const size = { width: drawn.frame.full_width, height: drawn.frame.full_height };
  const others = desk.planes
    .filter(([plane]) => plane !== viewport.role)
    .map(([plane, other]) => [plane, other.view.value as typeof drawn.view] as [typeof plane, typeof drawn.view]);
  const { at, lines } = crosshair(drawn.view, size, point, others);
  const grips = handles({ at, lines }, size);
  const [x, y] = at;
  const far = size.width + size.height;
  const gap = GAP * (devicePixelRatio || 1);
  // The default aspect ratio, as the canvas has: a resized viewport shows both whole and in the middle.
  return (
    <svg class="crosshair" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {lines.map(({ plane, along: [u, v] }) =>
        [-1, 1].map((way) => (
          <line
            key={`${plane}${way}`}
            class={`line-${plane}`}
            x1={x + way * gap * u}
            y1={y + way * gap * v}
            x2={x + way * far * u}
            y2={y + way * far * v}
            vector-effect="non-scaling-stroke"
          />
        )),
      )}
      {grips.map(([gx, gy], i) => (
        <circle
          key={i}
          class={`line-${lines[Math.floor(i / 2)]!.plane}`}
          data-testid="cross-handle"
          cx={gx}
          cy={gy}
          r={4.5 * (devicePixelRatio || 1)}
          vector-effect="non-scaling-stroke"
        />
      ))}
    </svg>
  );
}
