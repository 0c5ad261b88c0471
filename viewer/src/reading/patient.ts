/** How a patient is written: DICOM's person names and ages as people read them. */

const HAN = /[\u3400-\u9fff\uf900-\ufaff]/;

/** One group of a person name, "family^given^middle^prefix^suffix". Chinese writes no space between its parts. */
function written(group: string): string {
  const parts = group
    .split("^")
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.join(parts.every((part) => HAN.test(part)) ? "" : " ");
}

/** "Wang^XiaoDong=王^小东" is 王小东 (Wang XiaoDong): the name in its own script first. */
export function personName(value: string): string {
  const [alphabetic = "", ideographic = ""] = value.split("=").map(written);
  if (!ideographic || ideographic === alphabetic) return alphabetic || ideographic;
  return alphabetic ? `${ideographic} (${alphabetic})` : ideographic;
}

/** DICOM's "067Y" as its number and unit (Y, M, W or D); null when it is written otherwise. */
export function age(value: string): { number: number; unit: "Y" | "M" | "W" | "D" } | null {
  const match = /^(\d{1,3})([YMWD])$/.exec(value.trim());
  return match ? { number: Number(match[1]), unit: match[2] as "Y" | "M" | "W" | "D" } : null;
}
