/** The scale bar: the longest round length that fits. */
import { powerOfTen } from "./power_of_ten";

export interface ScaleBar {
  length_mm: number;
  pixels: number;
}

/** A bar of 1, 2 or 5 times a power of ten millimetres, at most `room` pixels long. */
export function scaleBar(mm_per_pixel: number, room: number): ScaleBar {
  const longest = room * mm_per_pixel;
  const power = powerOfTen(Math.floor(Math.log10(longest)));
  const length_mm = [5, 2, 1].map((step) => step * power).find((mm) => mm <= longest * (1 + 1e-9)) ?? power;
  return { length_mm, pixels: length_mm / mm_per_pixel };
}

/** "10 cm", "5 mm", "0.5 mm": what stands beside the bar. */
export const lengthText = (mm: number): string => (mm >= 10 ? `${mm / 10} cm` : `${Number(mm.toPrecision(2))} mm`);
