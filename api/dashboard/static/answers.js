/** The story of a job: five questions of whoever sees it first, answered by the service. */

import { h, show } from "./dom.js";

const MARKS = { good: "✓", active: "●", warn: "!", bad: "✕", idle: "○" };

const answer = ({ question, mood, headline, details }) => h("div", { class: `answer ${mood}` },
  h("h2", {}, h("span", { class: "mark", "aria-hidden": "true" }, MARKS[mood]), question),
  h("p", { class: "headline" }, headline),
  details.map((sentence) => h("p", {}, sentence)));

export const drawAnswers = (place, story) => show(place, story.map(answer));
