/** What the pages of datasets and models share: a list, and a form that adds to it. */

import { all } from "./api.js";
import { $, h, notice, show, table, toast } from "./dom.js";
import { follow, refuse, summary } from "./forms.js";

/** Fill the page; `send` does the registration and returns the record. */
export function registry({ path, caption, columns, empty, form, send }) {
  const load = async () => {
    try {
      const items = await all(path);
      show("#list", items.length ? table(caption, columns, items, { stack: true }) : h("div", { class: "card empty" }, empty));
    } catch (error) {
      show("#list", notice("bad", error.message));
    }
  };
  form.addEventListener("input", () => follow(form));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = $("button[type=submit]", form);
    button.disabled = true;
    show("#verdict", h("p", { class: "quiet" }, "Reading it …"));
    try {
      const record = await send();
      refuse(form, []);
      form.reset();
      follow(form);
      show("#verdict");
      toast("good", `“${record.name}” is registered.`);
      await load();
    } catch (error) {
      const stray = refuse(form, error.problems ?? []);
      show("#verdict", error.problems?.length ? summary(error.problems.length, stray) : notice("bad", error.message));
    }
    button.disabled = false;
  });
  follow(form);
  load();
}
