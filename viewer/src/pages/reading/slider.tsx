/** A slider with its words before it and its number behind it; what it sets rests when the hand is up. */

import { desk } from "../../session";

interface Props {
  label: string;
  least: number;
  most: number;
  step: number;
  value: number;
  /** The number with its unit, as it is read. */
  text: string;
  testid: string;
  oninput(value: number): void;
}

export function Slider({ label, least, most, step, value, text, testid, oninput }: Props) {
  return (
    <label class="slider">
      <span>{label}</span>
      <input
        type="range"
        min={least}
        max={most}
        step={step}
        value={value}
        data-testid={testid}
        aria-valuetext={text}
        onInput={(event) => oninput(Number(event.currentTarget.value))}
        onChange={() => desk.rest()}
      />
      <output class="mono">{text}</output>
    </label>
  );
}
