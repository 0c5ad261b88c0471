/** What the server tells of the volume, asked by a part of the page as long as that is shown and needs it. */

import { useEffect, useState } from "preact/hooks";
import { Survey } from "../../reading/survey";
import { desk } from "../../session";

export function useSurvey(needed = true): Survey {
  const [survey] = useState(() => new Survey(desk));
  useEffect(() => (needed ? survey.watch() : undefined), [survey, needed]);
  return survey;
}
