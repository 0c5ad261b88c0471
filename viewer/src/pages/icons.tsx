/** The tools' signs: 20 × 20, drawn with one stroke so that they stay sharp at every density. */

const PATHS = {
  window: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  pan: "M10 2v16M2 10h16M10 2 7.5 4.5M10 2l2.5 2.5M10 18l-2.5-2.5M10 18l2.5-2.5M2 10l2.5-2.5M2 10l2.5 2.5M18 10l-2.5-2.5M18 10l-2.5 2.5",
  zoom: "M8.5 3a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM12.6 12.6 17 17M8.5 6.2v4.6M6.2 8.5h4.6",
  scroll: "M4 6h12v9H4zM6 3.5h8M7 17.5h6",
  cross: "M10 2v5M10 13v5M2 10h5M13 10h5M10 9.2v1.6M9.2 10h1.6",
  turn: "M3 10c0-2 3-3.5 7-3.5s7 1.5 7 3.5-3 3.5-7 3.5M10 3c2 0 3.5 3 3.5 7M10 11l-2.5 2.5L10 16",
  rotate_right: "M15.5 8A6 6 0 1 0 16 11.5M16 4v4.200h-4.200",
  rotate_left: "M4.5 8A6 6 0 1 1 4 11.5M4 4v4.200h4.200",
  flip_horizontal: "M10 2v16M7.5 5v10L2.5 15zM12.5 5v10l5 0z",
  flip_vertical: "M2 10h16M5 7.5h10L15 2.5zM5 12.5h10l0 5z",
  invert: "M4 4h12v12H4zM4 16 16 4M12 8.5v5M9.5 11h5",
  reset: "M4.5 7A6.5 6.5 0 1 1 3.5 10.5M4 3v4.200h4.200M10 7v3.5l2.5 1.5",
  fit: "M3 7V3h4M17 7V3h-4M3 13v4h4M17 13v4h-4",
  original_pixels: "M4.5 6.5 6 5.5v9M14 6.5l1.5-1v9M10 8v.1M10 12v.1",
  link: "M8.5 11.5l3-3M7 9 5 11a2.9 2.9 0 0 0 4 4l2-2M13 11l2-2a2.9 2.9 0 0 0-4-4L9 7",
  stack: "M3 4h14v12H3z",
  mpr: "M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 14a3 3 0 1 0 6 0 3 3 0 0 0-6 0z",
  volume: "M10 2.5 16.5 6v8L10 17.5 3.5 14V6zM3.5 6 10 9.5 16.5 6M10 9.5v8",
  play: "M6 3.5v13l10.500-6.500z",
  stop: "M5 5h10v10H5z",
  loop: "M4 10a6 6 0 0 1 10.200-4.200L16 7.500M16 3.500v4h-4M16 10a6 6 0 0 1-10.200 4.200L4 12.500M4 16.500v-4h4",
  sweep: "M3 10h14M6 6.500 2.500 10 6 13.500M14 6.500l3.500 3.500-3.500 3.500",
  once: "M3 10h12M11.500 6.500 15 10l-3.500 3.500M17.500 5v10",
  overlays: "M3 3h10v10H3zM7 7h10v10H7z",
  shutter: "M3 3h14v14H3zM10 6a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  more: "M4 10h.1M10 10h.1M16 10h.1",
  back: "M12.5 4 6.5 10l6 6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
