import { signal } from "@preact/signals";
import { expect, test, vi } from "vitest";
import { useLocated } from "../../src/pages/reading/located";
import type { Viewport } from "../../src/reading/viewport";
import type { CurvedView } from "../../src/stream/messages";

/** One part of the page that is drawn again and again: effects run at once, what is remembered stays. */
const kept: unknown[] = [];
vi.mock("preact/hooks", () => ({
  useState: (first: unknown) => [first, () => undefined],
  useEffect: (effect: () => void) => effect(),
  useMemo: (make: () => unknown) => (kept[0] ??= make()),
}));

const view = (angle: number): CurvedView => ({
  kind: "curved", series: 9, stack: "ab", points: [[0, 0, 0], [0, 0, 50]], layout: "stretched", along_mm: 25, extent_mm: 60, window: [40, 400], angle,
});

test("a picture that moves asks nothing; one that rests has one question on its way", async () => {
  const moving = signal(true);
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  const ask = ({ view: { angle } }: { view: CurvedView }) => {
    asked.push(angle!);
    return new Promise((resolve) => answers.push(() => resolve({ at: [1, 2] })));
  };
  const viewport = { moving, ask } as unknown as Viewport;
  const draw = (angle: number) => useLocated(viewport, view(angle), { width: 400, height: 300 }, [[0, 0, 20], null]);
  for (const angle of [10, 20, 30]) draw(angle);
  expect(asked).toEqual([]);
  moving.value = false;
  for (const angle of [30, 31, 32]) draw(angle);
  expect(asked).toEqual([30]);
  answers[0]!();
  await vi.waitFor(() => expect(asked).toEqual([30, 32]));
});
