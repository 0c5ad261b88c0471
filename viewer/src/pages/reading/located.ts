/** Where patient points are in a curved picture: the server says it. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Size } from "../../geometry/camera";
import type { Vector2, Vector3 } from "../../geometry/vectors";
import type { Viewport } from "../../reading/viewport";
import { inTurn } from "../../stream/in_turn";
import type { CurvedView, Located } from "../../stream/messages";

interface Wanted {
  view: CurvedView;
  size: Size;
  points: readonly (Vector3 | null)[];
}

const nowhere = (points: readonly unknown[]): null[] => points.map(() => null);

/**
 * One after the other, for the server answers a viewport's newest question alone; what it said of another picture is no
 * answer. A picture that moves asks nothing.
 */
export function useLocated(viewport: Viewport, view: CurvedView, size: Size, points: readonly (Vector3 | null)[]): (Vector2 | null)[] {
  const [found, setFound] = useState<{ about: string; at: (Vector2 | null)[] } | null>(null);
  const ask = useMemo(() => {
    return inTurn(async (wanted: Wanted) => {
      const at: (Vector2 | null)[] = [];
      for (const point of wanted.points) {
        const answer = point && (await viewport.ask<Located>({ t: "locate", ...wanted.size, point, view: wanted.view }));
        at.push(answer?.at ?? null);
      }
      return at;
    });
  }, [viewport]);
  const about = JSON.stringify([view, size, points]);
  const resting = !viewport.moving.value;
  useEffect(() => {
    let current = true;
    if (resting && points.some((point) => point)) {
      void ask({ view, size, points }).then((at) => {
        if (at && current) setFound({ about, at });
      });
    }
    return () => {
      current = false;
    };
  }, [about, resting]);
  return found?.about === about ? found.at : nowhere(points);
}
