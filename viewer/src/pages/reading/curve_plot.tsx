/** The curve as a picture that hands change: drag a point, press the line for another one, press twice to remove one. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Vector2 } from "../../geometry/vectors";
import { inserted, moved, panned, zoomed, type Curve, type Span } from "../../reading/curves";
import { bars, isOnLine, line, MARGIN, nearest, opacityAt, placeOf, ticks, valueAt, xOf, yOf, type Plot } from "../../reading/plot";
import type { Surveyed } from "../../stream/messages";
import { renderingWords } from "../../words/renderings";

const REACH_PX = { mouse: 12, touch: 22 };
const TWICE_MS = 350;
const SLIP_PX = 4; // less is no drag
const HEIGHTS = [0.01, 0.1, 0.5, 0.99]; // of the lines across
const COARSER = 10; // a step with Shift

interface Props {
  curve: Curve;
  told: Surveyed;
  unit: string;
  all: Span;
  step: number;
  span: Span;
  selected: number;
  onspan(span: Span): void;
  onselect(index: number): void;
  onchange(curve: Curve, moving: boolean): void;
  onremove(index: number): void;
  onrest(): void;
}

/** What a hand took hold of: a point by its number, or the ground; and how things stood then. */
interface Held {
  point: number | null;
  from: Vector2;
  curve: Curve;
  span: Span;
  slipped: boolean;
}

const path = (places: Vector2[]): string => places.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** The element's size in CSS pixels, as long as it is shown. */
function useSize() {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const measure = (): void => {
      const { width, height } = box.current!.getBoundingClientRect();
      setSize({ width, height });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    measure();
    return () => observer.disconnect();
  }, []);
  return { box, size };
}

function Histogram({ plot, told: { least, greatest, counts } }: { plot: Plot; told: Surveyed }) {
  const base = yOf(plot, 0);
  const width = (greatest - least) / Math.max(1, counts.length);
  const places = bars(counts).flatMap((bar, i): Vector2[] => {
    const y = base - bar * (base - MARGIN);
    return [
      [xOf(plot, least + i * width), y],
      [xOf(plot, least + (i + 1) * width), y],
    ];
  });
  const [first, last] = [places[0], places[places.length - 1]];
  return first && last ? <path class="curve-histogram" d={`${path([[first[0], base], ...places, [last[0], base]])}Z`} /> : null;
}

function Ticks({ plot, unit }: { plot: Plot; unit: string }) {
  return (
    <g class="curve-ticks" aria-hidden="true">
      {HEIGHTS.map((opacity) => (
        <g key={opacity}>
          <line x1={0} x2={plot.width} y1={yOf(plot, opacity)} y2={yOf(plot, opacity)} />
          <text x={4} y={Math.max(10, yOf(plot, opacity) - 3)}>{`${Math.round(opacity * 100)}%`}</text>
        </g>
      ))}
      {ticks(plot).map((value, i, all) => (
        <text key={value} x={xOf(plot, value)} y={plot.height + 10} text-anchor="middle">
          {i === all.length - 1 && unit ? `${value} ${unit}` : value}
        </text>
      ))}
    </g>
  );
}

export function CurvePlot(props: Props) {
  const { curve, told, unit, all, step, span, selected } = props;
  const w = renderingWords.value;
  const { box, size } = useSize();
  const plot: Plot = { ...size, height: Math.max(0, size.height - 16), span };
  const hand = useRef<Held | null>(null);
  const tapped = useRef({ point: -1, at: 0 });
  const latest = useRef({ props, plot });
  latest.current = { props, plot };

  const placed = (event: PointerEvent | WheelEvent): Vector2 => {
    const { left, top } = box.current!.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  const down = (event: PointerEvent): void => {
    if (hand.current || event.button > 0) return;
    const from = placed(event);
    const reach = event.pointerType === "mouse" ? REACH_PX.mouse : REACH_PX.touch;
    let point = nearest(plot, curve, from, reach);
    let now = curve;
    const twice = point !== null && point === tapped.current.point && event.timeStamp - tapped.current.at < TWICE_MS;
    tapped.current = { point: point ?? -1, at: event.timeStamp };
    if (twice && point !== null) {
      tapped.current.point = -1;
      props.onremove(point);
      return;
    }
    if (point === null && isOnLine(plot, curve, from, reach)) {
      const more = inserted(curve, valueAt(plot, from[0]), step);
      if (more) {
        point = more.index;
        now = more.curve;
        props.onchange(now, true);
      }
    }
    if (point !== null) props.onselect(point);
    hand.current = { point, from, curve: now, span, slipped: false };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    event.preventDefault(); // no text is marked; the point below takes the keyboard all the same
    if (point !== null) box.current!.querySelectorAll<SVGElement>(".curve-point")[point]?.focus();
  };

  const move = (event: PointerEvent): void => {
    const held = hand.current;
    if (!held) return;
    const [x, y] = placed(event);
    held.slipped ||= Math.hypot(x - held.from[0], y - held.from[1]) > SLIP_PX;
    if (!held.slipped) return;
    // From how it stood: several moves may come before what they change is drawn.
    if (held.point === null) {
      const [from, to] = held.span;
      props.onspan(panned(held.span, ((held.from[0] - x) / plot.width) * (to - from), all));
    } else {
      const value = valueAt(plot, Math.min(plot.width, Math.max(0, x)));
      props.onchange(moved(held.curve, held.point, value, opacityAt(plot, y), all, step), true);
    }
  };

  const up = (): void => {
    hand.current = null;
    props.onrest();
  };

  useLayoutEffect(() => {
    const element = box.current!;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault(); // which only a listener that says so may
      const now = latest.current;
      const about = valueAt(now.plot, placed(event)[0]);
      const { props: p } = now;
      p.onspan(zoomed(p.span, event.deltaY < 0 ? 1.25 : 0.8, about, p.all, p.step));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const key = (event: KeyboardEvent, index: number): void => {
    const [value, , opacity] = curve[index]!;
    const far = event.shiftKey ? COARSER : 1;
    const [right, higher] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (event.key === "Delete" || event.key === "Backspace") props.onremove(index);
    else if (right || higher) {
      // As far up as a pixel is, so that a veil moves finely and bone coarsely.
      const raised = higher ? opacityAt(plot, yOf(plot, opacity) - higher * far) : opacity;
      props.onchange(moved(curve, index, value + right! * far * step, raised, all, step), true);
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the picture's own keys
  };

  const places = size.width ? line(plot, curve) : [];
  const base = yOf(plot, 0);
  return (
    <div class="curve-plot" ref={box} data-testid="curve-plot">
      {size.width > 0 && (
        <svg width={size.width} height={size.height} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up}>
          <defs>
            <linearGradient id="curve-colours" gradientUnits="userSpaceOnUse" x1={0} x2={plot.width} y1={0} y2={0}>
              {curve.map(([value, colour], i) => (
                <stop key={i} offset={xOf(plot, value) / plot.width} stop-color={colour} />
              ))}
            </linearGradient>
          </defs>
          <Histogram plot={plot} told={told} />
          <path class="curve-area" fill="url(#curve-colours)" d={`${path([[0, base], ...places, [plot.width, base]])}Z`} />
          <Ticks plot={plot} unit={unit} />
          <path class="curve-line" d={path(places)} />
          {curve.map((point, i) => {
            const [x, y] = placeOf(plot, point);
            const said = w.point(i + 1, curve.length, `${point[0]} ${unit}`.trim(), String(Number((point[2] * 100).toFixed(2))));
            return (
              <g
                key={i}
                class={i === selected ? "curve-point selected" : "curve-point"}
                transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
                role="slider"
                tabindex={0}
                aria-label={w.point_name(i + 1)}
                aria-valuenow={point[0]}
                aria-valuetext={said}
                data-testid={`curve-point-${i}`}
                onFocus={() => props.onselect(i)}
                onKeyDown={(event) => key(event, i)}
              >
                <circle class="reach" r={REACH_PX.touch} />
                <circle class="dot" r={7} fill={point[1]} />
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
