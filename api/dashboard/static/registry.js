/** What the pages of datasets and models share: a list, and a form that adds to it. */

import { all, remove } from "./api.js";
import { $, agreed, h, notice, show, table, toast } from "./dom.js";
import { follow, refuse, summary } from "./forms.js";

/** Fill the page; `send` does the registration and returns the record. */
export function registry({ path, noun, caption, columns, empty, form, send, after = () => {} }) {
  const forget = async (record) => {
    if (!(await agreed(`Delete the ${noun} “${record.name}”? Jobs that used it would keep it from being deleted.`, `Delete ${noun}`))) return;
    try {
      await remove(`${path}/${record.id}`);
      toast("good", `“${record.name}” is deleted.`);
      await load();
    } catch (error) {
      toast("bad", error.message);
    }
  };
  const last = { name: "Delete", cell: (record) => h("button", { type: "button", class: "danger", "aria-label": `Delete ${record.name}`, click: () => forget(record) }, "Delete") };
  const load = async () => {
    try {
      const items = await all(path);
      show("#list", items.length ? table(caption, [...columns, last], items, { stack: true }) : h("div", { class: "card empty" }, empty));
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
      after();
    } catch (error) {
      const stray = refuse(form, error.problems ?? []);
      show("#verdict", error.problems?.length ? summary(error.problems.length, stray) : notice("bad", error.message));
    }
    button.disabled = false;
  });
  follow(form);
  load();
}
