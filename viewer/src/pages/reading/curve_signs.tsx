/** The signs of the curve's tools, drawn like those of icons.tsx; they come with the curve. */

const SIGNS = {
  curve: "M2.500 16.500c4 0 4.500-2.500 6-6.500s3-6.500 6-6.500h3M8.500 11.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3z",
  wider: "M2.500 10h15M5.500 7l-3 3 3 3M14.500 7l3 3-3 3",
  narrower: "M1.500 10h6M12.500 10h6M4.500 7l3 3-3 3M15.500 7l-3 3 3 3",
  fit: "M3 7V3h4M17 7V3h-4M3 13v4h4M17 13v4h-4",
  undo: "M7 4 3.500 7.500 7 11M3.500 7.500h8a4.500 4.500 0 0 1 0 9H8",
  reset: "M4.500 7A6.500 6.500 0 1 1 3.500 10.500M4 3v4.200h4.200",
  add: "M2.500 16.500 8 9M13.500 11v7M10 14.500h7M11 6a2 2 0 1 0-4 0 2 2 0 0 0 4 0z",
  remove: "M2.500 16.500 8 9M10 14.500h7M11 6a2 2 0 1 0-4 0 2 2 0 0 0 4 0z",
  close: "M5 5l10 10M15 5 5 15",
} as const;

export type SignName = keyof typeof SIGNS;

export function Sign({ name }: { name: SignName }) {
  return (
    <svg class="icon sign" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={SIGNS[name]} />
    </svg>
  );
}
