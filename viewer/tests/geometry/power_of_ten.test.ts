import { expect, test } from "vitest";
import { powerOfTen } from "../../src/geometry/power_of_ten";

test("a power of ten is the number that is written so", () => {
  const written = { "-9": 1e-9, "-5": 1e-5, "-1": 0.1, "0": 1, "3": 1000, "12": 1e12 };
  for (const [n, power] of Object.entries(written)) expect(powerOfTen(Number(n))).toBe(power);
});
