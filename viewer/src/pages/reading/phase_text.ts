/** What tells a phase from the others, as it is written: "触发 120 ms", "b=1000 (0 0 1)", "TE 30 ms". */

import type { Phase } from "../../api/messages";
import type { Words } from "../../words/words";

const TIMES = new Set(["trigger_time", "frame_reference_time", "echo"]);

const number = (value: number): string => String(Number(value.toPrecision(6)));

export function phaseText({ kind, value, text, number: n, count }: Phase, w: Words): string {
  const name = w.phase_kinds[kind] ?? w.phase;
  if (value === null) return text ? `${name} ${text}` : w.phase_of(n + 1, count);
  // A gradient has both: its weighting and its direction.
  if (kind === "gradient") return `${w.phase_kinds.b_value}=${number(value)}${text && ` (${text})`}`;
  return `${valued(kind, name, value)} ${text}`.trim();
}

function valued(kind: string, name: string, value: number): string {
  if (kind === "b_value") return `${name}=${number(value)}`;
  if (!TIMES.has(kind)) return `${name} ${number(value)}`;
  return value < 10_000 ? `${name} ${number(value)} ms` : `${name} ${number(value / 1000)} s`;
}
