/** One viewport on the page: the canvas, hands, and everything that is written over it. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Vector2 } from "../../geometry/vectors";
import { MAX_SIDE } from "../../stream/messages";
import { listen } from "../../input/gestures";
import { ViewportHands } from "../../reading/hands";
import type { Role, Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import { sentence, words } from "../../words/words";
import { CornerTexts, roomOf } from "./corner_texts";
import { Crosshair } from "./crosshair";
import { Letters, ScaleBar } from "./letters";
import { later } from "../later";
import { Scrubber } from "./scrubber";

const Loupe = later(() => import("./loupe").then((part) => part.Loupe));
const ProcessingMarks = later(() => import("./processing_marks").then((part) => part.ProcessingMarks));
const VolumeMarks = later(() => import("./volume_marks").then((part) => part.VolumeMarks));

/** The element's size in canvas pixels, how many of them a CSS pixel has, and whether they are the display's own. */
function measure(element: HTMLElement): { width: number; height: number; density: number; sharp: boolean } {
  const { width, height } = element.getBoundingClientRect();
  const own = devicePixelRatio || 1;
  const density = Math.min(own, MAX_SIDE / Math.max(1, width, height));
  return { width: Math.floor(width * density), height: Math.floor(height * density), density, sharp: density === own };
}

/** Call when a CSS pixel has another number of device pixels: the window went to another screen, or was zoomed. */
function onDensity(changed: () => void): () => void {
  let query: MediaQueryList;
  const watch = (): void => {
    query = matchMedia(`(resolution: ${devicePixelRatio || 1}dppx)`);
    query.addEventListener("change", again, { once: true });
  };
  const again = (): void => {
    watch();
    changed();
  };
  watch();
  return () => query.removeEventListener("change", again);
}

/** Mount a viewport on a canvas that always has whole device pixels, and give it its hands. */
function useViewport(viewport: Viewport) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = box.current!;
    const picture = canvas.current!;
    let { density, sharp, ...size } = measure(element);
    const fill = (): void => {
      viewport.density = density;
      picture.style.width = `${size.width / density}px`;
      picture.style.height = `${size.height / density}px`;
    };
    fill();
    viewport.mount(picture, size, sharp);
    const remeasure = (): void => {
      ({ density, sharp, ...size } = measure(element));
      fill();
      viewport.resize(size, sharp);
    };
    const observer = new ResizeObserver(remeasure);
    observer.observe(element);
    const stopDensity = onDensity(remeasure); // at an equal CSS size the observer says nothing
    const onPage = ([x, y]: Vector2): Vector2 => {
      const { left, top } = element.getBoundingClientRect();
      return [left + x, top + y];
    };
    const hands = new ViewportHands(desk, viewport, () => density, onPage);
    const stop = listen(element, hands);
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      hands.wheel(event, [event.clientX - left, event.clientY - top]);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      stopDensity();
      stop();
      element.removeEventListener("wheel", wheel);
      viewport.unmount();
    };
  }, [viewport]);
  return { box, canvas };
}

/** How far the volume is, or why there is nothing to see. */
function State({ viewport }: { viewport: Viewport }) {
  const w = words.value;
  const trouble = viewport.trouble.value;
  if (trouble) {
    return (
      <p class="pane-state trouble" role="alert" data-testid="trouble" data-code={trouble.code}>
        {sentence(trouble.code, trouble.image)}
      </p>
    );
  }
  const loading = viewport.loading.value;
  if (!loading) return viewport.drawn.value || !viewport.view.value ? null : <p class="pane-state">{w.waiting}</p>;
  return (
    <div class="pane-state" data-testid="loading">
      <span>{w.loading_volume(loading.done, loading.total)}</span>
      <progress value={loading.done} max={loading.total} />
    </div>
  );
}

/** The loupe is fetched with the first finger, which is long before it is needed. */
function Glass({ viewport }: { viewport: Viewport }) {
  return viewport.loupe.value ? <Loupe viewport={viewport} /> : null;
}

export function Pane({ role }: { role: Role }) {
  const viewport = desk.viewports[role];
  const { box, canvas } = useViewport(viewport);
  const { width, height } = viewport.size.value;
  const slim = width / viewport.density < 280 || height / viewport.density < 200;
  const active = desk.active.value === role && desk.shownRoles.value.length > 1;
  return (
    <section
      ref={box}
      class={`pane pane-${roomOf(viewport)}${slim ? " pane-slim" : ""}${active ? " active" : ""}`}
      aria-label={words.value.roles[role]}
      data-testid={`viewport-${role}`}
    >
      <canvas ref={canvas} role="img" aria-label={words.value.roles[role]} data-testid={`canvas-${role}`} />
      <Crosshair viewport={viewport} />
      {role === "volume" && <VolumeMarks viewport={viewport} />}
      {desk.processing.value && <ProcessingMarks viewport={viewport} />}
      <Letters viewport={viewport} at={["top", "left", "right"]} />
      <ScaleBar viewport={viewport} />
      <CornerTexts viewport={viewport} />
      <Scrubber viewport={viewport} />
      <Glass viewport={viewport} />
      <State viewport={viewport} />
    </section>
  );
}
