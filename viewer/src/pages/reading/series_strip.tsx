/** The study's series as small pictures. A series of several stacks shows each of them. */

import { thumbnail } from "../../api/client";
import { openStack } from "../../reading/opening";
import { desk } from "../../session";
import { words } from "../../words/words";

export function SeriesStrip() {
  const w = words.value;
  const study = desk.study.value;
  return (
    <nav class="series-strip" aria-label={w.series} data-testid="series-strip">
      {study?.series.flatMap((series) =>
        series.stacks.map((stack, i) => {
          const open = desk.series.value?.id === series.id && desk.stack.value?.index === stack.index;
          const title = [series.description, series.stacks.length > 1 ? w.part(i) : ""].filter(Boolean).join(" · ");
          return (
            <button
              key={`${series.id}-${stack.index}`}
              class="series"
              aria-pressed={open}
              aria-label={`${w.series_number(series.number)} ${series.modality} ${title}`}
              title={title}
              data-testid="series"
              data-series={series.id}
              data-stack={stack.index}
              onClick={() => openStack(desk, series, stack)}
            >
              <span class="thumb-box">
                {i === 0 && (
                  <img src={thumbnail(series.id)} alt="" loading="lazy" width="96" height="96" draggable={false} />
                )}
                <span class="thumb-count">{stack.frames.length}</span>
              </span>
              <span class="series-name">
                <b>{series.modality}</b> {title || w.series_number(series.number)}
              </span>
            </button>
          );
        }),
      )}
    </nav>
  );
}
