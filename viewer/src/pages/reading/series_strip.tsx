/** The study's series as small pictures. A series of several stacks shows each of them. */

import type { ComponentChildren } from "preact";
import { thumbnail } from "../../api/client";
import { openStack } from "../../reading/opening";
import { desk } from "../../session";
import { words } from "../../words/words";
import { narrow } from "../common";
import { Carousel } from "./carousel";

/** A column on a desk; on a phone a row that a thumb swipes through, from one series to the next. */
function Strip({ children }: { children: ComponentChildren }) {
  const label = words.value.series;
  if (narrow.value) {
    return (
      <Carousel class="series-strip" label={label} testid="series-strip">
        {children}
      </Carousel>
    );
  }
  return (
    <nav class="series-strip" aria-label={label} data-testid="series-strip">
      {children}
    </nav>
  );
}

export function SeriesStrip() {
  const w = words.value;
  const study = desk.study.value;
  return (
    <Strip>
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
    </Strip>
  );
}
