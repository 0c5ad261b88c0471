import { expect, test } from "vitest";
import { bytes, duration, share } from "../../src/words/amounts";
import { language } from "../../src/words/words";

language.value = "zh";

test("bytes are three digits and a unit", () => {
  expect([0, 999, 1000, 1536, 1 << 20, 150 * 2 ** 30, 2 ** 42].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 KiB",
    "1.5 KiB",
    "1.0 MiB",
    "150 GiB",
    "4.0 TiB",
  ]);
});

test("a duration is its largest unit", () => {
  expect([0, 59, 60, 3599, 3600, 86399, 86400].map(duration)).toEqual([
    "0 秒",
    "59 秒",
    "1 分钟",
    "59 分钟",
    "1 小时",
    "23 小时",
    "1 天",
  ]);
});

test("a share stays between nothing and all", () => {
  expect([-1, 0.256, 7, 1].map(share)).toEqual(["0.0%", "25.6%", "100.0%", "100.0%"]);
});
