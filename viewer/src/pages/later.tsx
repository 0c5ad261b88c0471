/** A part of the page that is fetched when it is first shown: the first image waits for none of them. */

import { signal } from "@preact/signals";
import type { ComponentChild, FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";

/** The part; `meanwhile` stands in its place until it has come. One that cannot be fetched is asked for again later. */
export function later<Props extends object>(
  fetch: () => Promise<FunctionComponent<Props>>,
  meanwhile: () => ComponentChild = () => null,
): FunctionComponent<Props> {
  const part = signal<FunctionComponent<Props> | null>(null);
  return function Later(props) {
    useEffect(() => {
      if (part.peek()) return;
      fetch().then(
        (fetched) => (part.value = fetched),
        () => undefined,
      );
    }, []);
    const Part = part.value;
    return Part ? <Part {...props} /> : <>{meanwhile()}</>;
  };
}
