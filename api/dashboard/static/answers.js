/** The story of a job: five questions of whoever sees it first, answered by the service. */

import { h, show } from "./dom.js";

const MARKS = { good: "✓", active: "●", warn: "!", bad: "✕", idle: "○" };

/** Keep a number with its spread and unit on one line. */
const whole = (text) => text.replace(/ (?=[±%])|(?<=±) /g, "\u00a0");

const answer = ({ question, mood, headline, details }) => h("div", { class: `answer ${mood}` },
  h("h2", {}, h("span", { class: "mark", "aria-hidden": "true" }, MARKS[mood]), question),
  h("p", { class: "headline" }, whole(headline)),
  details.map((sentence) => h("p", {}, sentence)));

export const drawAnswers = (place, story) => show(place, story.map(answer));
