/** What a fused second volume is called. */

import type { Second } from "../../reading/fusions";
import { words } from "../../words/words";

export const secondName = ({ series }: Second): string =>
  [series.modality, series.description || words.value.series_number(series.number)].join(" ");
