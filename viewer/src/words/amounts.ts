/** Bytes, times and parts as people read them. */

import { systemWords } from "./system";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 → "1.5 KiB": three digits at most before the unit changes. */
export function bytes(count: number): string {
  let unit = 0;
  let amount = count;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

/** The largest unit alone: a process that runs for days does not need its seconds. */
export function duration(seconds: number): string {
  const { spans } = systemWords.value;
  if (seconds < 60) return spans.seconds(Math.floor(seconds));
  if (seconds < 3600) return spans.minutes(Math.floor(seconds / 60));
  if (seconds < 86400) return spans.hours(Math.floor(seconds / 3600));
  return spans.days(Math.floor(seconds / 86400));
}

/** A part of one as a CSS width. */
export const share = (part: number): string => `${(100 * Math.min(1, Math.max(0, part))).toFixed(1)}%`;
