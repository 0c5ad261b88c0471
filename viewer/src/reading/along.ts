/** Of pictures along a curve: where it runs and which place it is, by what is drawn and not by what is asked for. */

import { placeOf, type Course } from "../geometry/course";
import type { Vector3 } from "../geometry/vectors";
import type { CurvedView, PlaneView, View } from "../stream/messages";
import type { Desk } from "./desk";
import { walkOf } from "./walk";

const same = (a: readonly Vector3[], b: readonly Vector3[]): boolean =>
  a.length === b.length && a.every((point, i) => point.every((part, axis) => part === b[i]![axis]));

/** Of a curved picture: where the curve runs that it shows; null where that is not the one that was traced last. */
export function courseIn(desk: Desk, view: CurvedView): Course | null {
  const traced = walkOf(desk)?.curve.value?.traced;
  return traced && same(traced.points, view.points) ? traced.course : null;
}

/** Where on the curve a section lies; null while the curve has moved on from it. */
export function sectionIn(desk: Desk, view: PlaneView): { course: Course; mm: number } | null {
  const course = walkOf(desk)?.curve.value?.traced?.course;
  const mm = course ? placeOf(course, view) : null;
  return course && mm !== null ? { course, mm } : null;
}

/** What a viewport along the curve shows; where it is not on the screen, what it would. */
export function shownIn(desk: Desk, role: "curved" | "section"): View | null {
  const { drawn, view } = desk.viewports[role];
  return drawn.value?.view ?? view.value;
}
