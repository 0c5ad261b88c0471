/** A number that can be typed: Enter or leaving takes it, Escape gives the old one back. */

import { useState } from "preact/hooks";

interface NumberProps {
  label: string;
  /** What it is called where the label is a unit alone. */
  name?: string;
  value: string;
  testid: string;
  oncommit(value: number): void;
}

export function NumberField({ label, name, value, testid, oncommit }: NumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const commit = (): void => {
    const number = Number(typed?.replace(",", "."));
    if (typed !== null && typed.trim() !== "" && Number.isFinite(number)) oncommit(number);
    setTyped(null);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setTyped(null);
    else if (event.key !== "Enter") return;
    else commit();
    // The next key belongs to the picture again.
    (event.currentTarget as HTMLElement).blur();
    event.stopPropagation();
  };
  return (
    <label class="number">
      <span>{label}</span>
      <input
        inputMode="decimal"
        aria-label={name}
        value={typed ?? value}
        data-testid={testid}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={key}
      />
    </label>
  );
}
