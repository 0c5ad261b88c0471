/** A part of the page that is fetched when it is first shown: the first image waits for none of them. */

import { signal } from "@preact/signals";
import type { ComponentChild, FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";

const AGAIN_MS = 3000;

/** The part; `meanwhile` stands in its place until it has come. One that cannot be fetched is asked for again. */
export function later<Props extends object>(
  fetch: () => Promise<FunctionComponent<Props>>,
  meanwhile: () => ComponentChild = () => null,
): FunctionComponent<Props> {
  const part = signal<FunctionComponent<Props> | null>(null);
  return function Later(props) {
    useEffect(() => {
      let timer = 0;
      const ask = (): void => {
        if (part.peek()) return;
        fetch().then(
          (fetched) => (part.value = fetched),
          () => (timer = window.setTimeout(ask, AGAIN_MS)),
        );
      };
      ask();
      return () => clearTimeout(timer);
    }, []);
    const Part = part.value;
    return Part ? <Part {...props} /> : <>{meanwhile()}</>;
  };
}
