/** The filter of the active picture: which one, and its dials. */

import * as filters from "../../reading/filters";
import { desk } from "../../session";
import type { Filter } from "../../stream/messages";
import { processingWords } from "../../words/processing";
import { Slider } from "./slider";

function Dials({ filter }: { filter: Filter }) {
  const w = processingWords.value;
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value!;
  const unit = desk.stack.value?.unit ?? "";
  return (
    <>
      {filters.dialsOf(filter.name, view, unit).map((dial) => (
        <Slider
          key={`${filter.name} ${dial.field}`}
          label={w.dials[dial.field]!}
          least={dial.least}
          most={dial.most}
          step={dial.step}
          value={filter[dial.field] ?? dial.usual}
          text={filters.dialText(dial, filter, unit, w.voxels)}
          testid={`filter-${dial.field}`}
          oninput={(value) => filters.turnDial(viewport, dial, value, true)}
        />
      ))}
    </>
  );
}

export function FilterSection() {
  const w = processingWords.value;
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  const stack = desk.stack.value;
  if (!view || !stack || stack.colour) return <p class="faint">{w.not_here}</p>;
  const filter = view.filter ?? null;
  const choose = (name: filters.FilterName | null): void =>
    filters.setFilter(viewport, name && filters.usual(name, view, stack.unit), false);
  return (
    <>
      <div class="choices" role="group" aria-label={w.parts.filter}>
        {[null, ...filters.filtersOf(view)].map((name) => (
          <button
            key={name}
            aria-pressed={(filter?.name ?? null) === name}
            data-testid={`filter-${name ?? "none"}`}
            onClick={() => choose(name)}
          >
            {name ? w.filters[name] : w.no_filter}
          </button>
        ))}
      </div>
      {filter && <Dials filter={filter} />}
      <p class="faint">{w.filter_note}</p>
    </>
  );
}
