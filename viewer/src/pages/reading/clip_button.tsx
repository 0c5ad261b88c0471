/** The clip box under a thumb: on with its handles, then the handles off and on. */

import * as clips from "../../reading/clips";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { VolumeView } from "../../stream/messages";
import { clipWords } from "../../words/clips";

const BOX = "M3 6.500 8 3.500l9 2v8l-5 3.500-9-2zM3 6.500l9 2 5-3M12 8.500V17M6 10.500v.1M6 13v.1";

export function ClipButton({ viewport, view }: { viewport: Viewport; view: VolumeView }) {
  const { box } = clipWords.value;
  return (
    <button
      class="tool"
      aria-label={box}
      title={box}
      aria-pressed={!!view.clip_box && clips.framed.value}
      data-testid="clip-button"
      onClick={() => clips.toggleHandles(desk, viewport)}
    >
      <svg class="icon sign" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d={BOX} />
      </svg>
    </button>
  );
}
