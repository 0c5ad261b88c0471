import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const BUILT = fileURLToPath(new URL("../../api/static/assets/", import.meta.url));

test.skipIf(!existsSync(BUILT))("what the first viewport waits for, in English too, is at most 60 KiB of gzipped JavaScript", () => {
  const files = readdirSync(BUILT).filter((name) => /^(index|en)-[^.]+\.js\.gz$/.test(name));
  expect(files.length).toBe(2);
  expect(files.reduce((sum, name) => sum + statSync(BUILT + name).size, 0)).toBeLessThanOrEqual(60 * 1024);
});
