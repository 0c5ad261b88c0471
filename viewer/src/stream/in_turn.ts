/** Questions one at a time: the newest waits for the answer before it, and those between are never asked. */

type Ask<Question, Answer> = (question: Question) => Promise<Answer | null>;

export function inTurn<Question, Answer>(ask: Ask<Question, Answer>): Ask<Question, Answer> {
  let busy = false;
  let next: { question: Question; tell(answer: Answer | null): void } | null = null;
  const send = async (question: Question): Promise<Answer | null> => {
    busy = true;
    const answer = await ask(question);
    busy = false;
    const waiting = next;
    next = null;
    if (waiting) void send(waiting.question).then(waiting.tell);
    return answer;
  };
  return (question) => {
    if (!busy) return send(question);
    next?.tell(null);
    return new Promise((tell) => (next = { question, tell }));
  };
}
