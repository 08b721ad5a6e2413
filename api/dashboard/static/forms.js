/** Forms whose controls carry the dotted path of their value as `name`, and its type as `data-type`. */

import { $, $$, h } from "./dom.js";

/** Sent in place of what cannot be read, so that the service refuses it beside its field. */
export const NOT_A_NUMBER = "not a number";

const controls = (form) => $$("[name][data-type]", form).filter((c) => !c.closest("[hidden]"));

function valueOf(control) {
  if (control.dataset.type === "boolean") return control.checked;
  if (control.validity.badInput) return NOT_A_NUMBER;
  if (control.value.trim() === "") return undefined;
  if (control.dataset.type === "integer" || control.dataset.type === "number") return Number(control.value);
  return control.value;
}

function put(object, path, value) {
  const parts = path.split(".");
  const last = parts.pop();
  const inner = parts.reduce((o, part) => (o[part] ??= {}), object);
  inner[last] = value;
}

/** What the visible controls say; empty ones are left out, so that the service's default holds. */
export function read(form) {
  const found = {};
  for (const control of controls(form)) {
    const value = valueOf(control);
    if (value !== undefined) put(found, control.name, value);
  }
  return found;
}

/** Put `values` into the controls that have a place for them. */
export function write(form, values) {
  for (const control of $$("[name][data-type]", form)) {
    const value = control.name.split(".").reduce((o, part) => o?.[part], values);
    if (value === undefined) continue;
    if (control.dataset.type === "boolean") control.checked = value;
    else control.value = value ?? "";
  }
  follow(form);
}

/** Show the fields of a choice that has been made, and hide those of the others. */
export function follow(form) {
  for (const field of $$("[data-only-for]", form)) {
    const choice = $(`[name="${field.dataset.onlyFor}"]`, form);
    field.hidden = choice.value !== field.dataset.onlyValue;
  }
}

/** The field that a problem's dotted path belongs to; unions put the kind into the path. */
function fieldOf(form, path) {
  const parts = path.split(".");
  const inside = (field) => {
    let at = 0;
    for (const part of parts) if (part === field[at]) at += 1;
    return at === field.length;
  };
  const known = $$("[data-field]", form).filter((e) => !e.hidden).map((e) => [e.dataset.field.split("."), e]);
  const exact = known.filter(([field]) => inside(field)).sort((a, b) => b[0].length - a[0].length)[0];
  return (exact ?? known.find(([field]) => parts.every((part, i) => part === field[i])))?.[1];
}

const said = ({ message, known }) => (known?.length && !known.every((k) => message.includes(k)) ? `${message} Known: ${known.join(", ")}.` : message);

/** Let a problem describe a control beside its help, or none. */
function describe(control, problem) {
  const help = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && !id.startsWith("problem-"));
  const ids = problem ? [...help, problem] : help;
  if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
  else control.removeAttribute("aria-describedby");
}

/** Put each problem beside its field; returns those that have none. */
export function refuse(form, problems) {
  for (const old of $$(".problem", form)) old.remove();
  for (const control of $$("[aria-invalid]", form)) {
    control.removeAttribute("aria-invalid");
    describe(control, null);
  }
  return problems.filter((problem, i) => {
    const field = fieldOf(form, problem.field);
    if (!field) return true;
    const id = `problem-${i}`;
    field.append(h("p", { class: "problem", id }, said(problem)));
    const control = $(`[data-part="${problem.field.split(".").at(-1)}"]`, field) ?? $("input, select", field);
    if (control) {
      control.setAttribute("aria-invalid", "true");
      describe(control, id);
    }
    for (let outer = field.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    return false;
  });
}

/** What is wrong in all, as a notice; `stray` are the problems without a field. */
export const summary = (count, stray) => h("div", { class: "notice bad" },
  h("p", {}, h("strong", {}, count === 1 ? "One thing to change" : `${count} things to change`)),
  stray.map((problem) => h("p", {}, `${problem.field}: ${said(problem)}`)));
