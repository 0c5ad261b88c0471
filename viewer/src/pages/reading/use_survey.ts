/** What the server tells of the volume, for as long as a part of the page is shown. */

import { useEffect, useState } from "preact/hooks";
import { Survey } from "../../reading/survey";
import { desk } from "../../session";

export function useSurvey(): Survey {
  const [survey] = useState(() => new Survey(desk));
  useEffect(() => survey.watch(), [survey]);
  return survey;
}
