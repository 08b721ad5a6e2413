/** Who proposed a trial, and how it is drawn. */

import { words } from "./format.js";

const ORIGINS = {
  baseline: { name: "Plain fine-tuning", colour: 4 }, user: { name: "Yours", colour: 3 }, recommended: { name: "Recommended", colour: 2 },
  sampler: { name: "Search", colour: 0 }, confirmation: { name: "Confirmation", colour: 7 },
};

/** Name and colour of an origin; a new one is drawn in a colour that is free. */
export const look = (origin) => ORIGINS[origin] ?? { name: words(origin), colour: 6 };

const STATES = { pruned: "stopped early" };
export const stateName = (state) => STATES[state] ?? state;
