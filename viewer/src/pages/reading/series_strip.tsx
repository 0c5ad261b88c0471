/** The study's series as small pictures. A series of several stacks shows each of them. */

import type { ComponentChildren } from "preact";
import { thumbnail } from "../../api/client";
import type { SeriesInfo } from "../../api/messages";
import { openStack } from "../../reading/opening";
import { entries } from "../../reading/phases";
import { desk } from "../../session";
import { words } from "../../words/words";
import { narrow } from "../common";
import { Carousel } from "./carousel";
import { storedText } from "./notes";

/** A column on a desk; on a phone a row that a thumb swipes through, from one series to the next. */
function Strip({ children }: { children: ComponentChildren }) {
  const label = words.value.series;
  if (narrow.value) {
    return (
      <>
        <Carousel class="series-strip" label={label} testid="series-strip">
          {children}
        </Carousel>
        <Conflicts />
      </>
    );
  }
  return (
    <nav class="series-strip" aria-label={label} data-testid="series-strip">
      {children}
      <Conflicts />
    </nav>
  );
}

/** What came for this study, contradicts what is there, and waits for a person to decide. */
function Conflicts() {
  const count = desk.study.value?.conflicts;
  if (!count) return null;
  return (
    <p class="note" data-testid="conflicts">
      {words.value.conflicts(count)}
    </p>
  );
}

/** A series of which nothing can be shown is still there, and says what it is. */
function StoredOnly({ series }: { series: SeriesInfo }) {
  const w = words.value;
  const kept = series.not_displayable.map((object) => storedText(object, w)).join(w.notes.and);
  return (
    <div class="series" data-testid="stored-only" data-series={series.id}>
      <span class="series-name">
        <b>{series.modality}</b> {series.description || w.series_number(series.number)}
      </span>
      <span class="faint">{kept ? `${w.stored_only}${w.notes.colon}${kept}` : w.stored_only}</span>
    </div>
  );
}

export function SeriesStrip() {
  const w = words.value;
  const study = desk.study.value;
  return (
    <Strip>
      {study?.series.flatMap((series) => {
        const found = entries(series);
        if (found.length === 0) return [<StoredOnly key={series.id} series={series} />];
        return found.map(({ stacks }, i) => {
          const stack = stacks[0]!;
          const open = desk.series.value?.id === series.id && stacks.includes(desk.stack.value!);
          const title = [series.description, found.length > 1 ? w.part(i) : ""].filter(Boolean).join(" · ");
          return (
            <button
              key={`${series.id}-${stack.index}`}
              class="series"
              aria-pressed={open}
              title={title}
              data-testid="series"
              data-series={series.id}
              data-stack={stack.index}
              onClick={() => open || openStack(desk, series, stack)}
            >
              <span class="thumb-box">
                {i === 0 && (
                  <img src={thumbnail(series.id)} alt="" loading="lazy" width="96" height="96" draggable={false} />
                )}
                <span class="thumb-count">
                  {stacks.length > 1 ? `${stack.frames.length} × ${stacks.length}` : stack.frames.length}
                </span>
              </span>
              <span class="series-name">
                {title && <span class="unseen">{w.series_number(series.number)} </span>}
                <b>{series.modality}</b> {title || w.series_number(series.number)}
              </span>
            </button>
          );
        });
      })}
    </Strip>
  );
}
