/**
 * What a finger hides while it places something: the pixels under it, larger, above it or beside it.
 *
 * It shows the drawn canvas and nothing of its own but a cross in its middle, which is where the finger points.
 */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Vector2 } from "../../geometry/vectors";
import type { Viewport } from "../../reading/viewport";

export const SIZE = 120; // CSS pixels across
const ZOOM = 2.5;
const AWAY = 104; // from the finger to the loupe's middle: a fingertip covers some 44 px about its own

/** The loupe's middle in a pane, CSS pixels: above the finger, or beside it where there is no room above. */
export function place([x, y]: Vector2, width: number, height: number): Vector2 {
  const half = SIZE / 2;
  const held = (value: number, room: number): number => Math.min(Math.max(half, room - half), Math.max(half, value));
  if (y - AWAY >= half) return [held(x, width), held(y - AWAY, height)];
  const side = x > width / 2 ? x - AWAY : x + AWAY;
  return [held(side, width), held(y, height)];
}

/** Draw what lies about a canvas position of the viewport, and a cross in the middle. */
function paint(glass: HTMLCanvasElement, picture: HTMLCanvasElement, [x, y]: Vector2, viewport: Viewport): void {
  const context = glass.getContext("2d", { alpha: false });
  if (!context) return;
  const { width, height } = viewport.size.peek();
  const { stretch } = viewport; // a resized picture is shown whole and in the middle until the new one comes
  const centre: Vector2 = [(x - width / 2) / stretch + picture.width / 2, (y - height / 2) / stretch + picture.height / 2];
  const side = ((SIZE / ZOOM) * viewport.density) / stretch;
  const full = glass.width;
  context.shadowBlur = 0;
  context.fillRect(0, 0, full, full);
  context.beginPath();
  context.imageSmoothingEnabled = false; // pixels as they are: a softened edge would be placed wrongly
  context.drawImage(picture, centre[0] - side / 2, centre[1] - side / 2, side, side, 0, 0, full, full);
  context.strokeStyle = "#fff";
  context.shadowColor = "#000"; // white alone is lost on bone
  context.shadowBlur = 5;
  context.lineWidth = 3;
  context.translate(full / 2, full / 2);
  for (let arm = 0; arm < 4; arm += 1) {
    context.moveTo(full * 0.05, 0);
    context.lineTo(full * 0.2, 0);
    context.rotate(Math.PI / 2);
  }
  context.stroke();
  context.setTransform(1, 0, 0, 1, 0, 0);
}

export function Loupe({ viewport }: { viewport: Viewport }) {
  const glass = useRef<HTMLCanvasElement>(null);
  const at = viewport.loupe.value;
  const drawn = viewport.drawn.value; // painted again with every frame
  useLayoutEffect(() => {
    const picture = glass.current?.closest(".pane")?.querySelector("canvas");
    if (glass.current && picture && at) paint(glass.current, picture, at, viewport);
  }, [at, drawn]);
  if (!at || !drawn) return null;
  const { density } = viewport;
  const { width, height } = viewport.size.value;
  const [x, y] = place([at[0] / density, at[1] / density], width / density, height / density);
  const pixels = Math.round(SIZE * Math.min(density, 3));
  return (
    <canvas
      ref={glass}
      class="loupe"
      width={pixels}
      height={pixels}
      style={{ left: `${x - SIZE / 2}px`, top: `${y - SIZE / 2}px`, width: `${SIZE}px`, height: `${SIZE}px` }}
      data-testid={`loupe-${viewport.role}`}
      aria-hidden="true"
    />
  );
}
