/** The words of one language, as the service gives them to the view. */

import type words from "../../../templates/texts/en.json";

export type Texts = Readonly<typeof words>;
