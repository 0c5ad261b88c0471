import { expect, test } from "vitest";
import { inTurn } from "../../src/stream/in_turn";

test("one question is on its way; the newest follows its answer, those between are answered by nobody", async () => {
  const asked: { question: number; answer(said: string | null): void }[] = [];
  const ask = inTurn((question: number) => new Promise<string | null>((answer) => asked.push({ question, answer })));
  const said = [1, 2, 3].map((n) => ask(n));
  expect(asked.map(({ question }) => question)).toEqual([1]);
  expect(await said[1]).toBeNull();
  asked[0]!.answer("one");
  expect(await said[0]).toBe("one");
  expect(asked.map(({ question }) => question)).toEqual([1, 3]);
  asked[1]!.answer(null); // lost: the next is asked all the same
  expect(await said[2]).toBeNull();
  const last = ask(4);
  asked[2]!.answer("four");
  expect(await last).toBe("four");
});
