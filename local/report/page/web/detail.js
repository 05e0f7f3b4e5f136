// One request across the layers. On a wide screen it takes the place of the cards, on
// a narrow one it lies over the page.
import { clock, el, narrow, one } from "./dom.js";

const pane = one("#detail"), side = one("#side");
let asked = "", back = null, left = () => {};

// onLeave is called when the pane was closed.
export const onLeave = (tell) => { left = tell; };
export const shownRequest = () => (pane.open ? asked : "");

export const open = async (id, from) => {
  asked = id;
  if (from) back = from;
  const content = await about(id).catch(() => [bar("This request"), el("p", { class: "none" }, "The embedded cloud does not answer: choose the request again when it does.")]);
  if (asked !== id) return; // another was chosen meanwhile
  pane.replaceChildren(...content);
  if (!pane.open) {
    if (narrow.matches) pane.showModal();
    else pane.show();
    side.toggleAttribute("data-detail", true);
  }
  if (from || narrow.matches) one("h2", pane).focus({ preventScroll: !narrow.matches });
  pane.scrollTop = 0;
};

const about = async (id) => {
  const answer = await fetch("/api/requests/" + encodeURIComponent(id));
  return answer.ok ? whole(await answer.json()) : [bar("This request"), el("p", { class: "none" }, await answer.text())];
};

pane.addEventListener("close", () => {
  side.toggleAttribute("data-detail", false);
  asked = "";
  left();
  if (back?.isConnected) back.focus({ preventScroll: true });
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && pane.open) pane.close(); });

const bar = (title) => {
  const button = el("button", { type: "button" }, "Close");
  button.addEventListener("click", () => pane.close());
  return el("div", { class: "bar" }, el("h2", { id: "detail-title", tabindex: -1 }, title), button);
};

const facts = (all) => el("dl", { class: "facts" }, all.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

const whole = (d) => [
  bar(d.row.method + " " + d.row.host + d.row.path),
  el("p", { class: "verdict", "data-outcome": d.row.outcome }, d.verdict),
  facts([["status", d.row.status], ["at", clock(d.row.time)], ["took", d.row.took], ["from", d.client + (d.region ? ", " + d.region : "")], ["backend", d.backend], ["trace", d.trace],
    ["id", el("a", { href: "/?request=" + encodeURIComponent(d.row.id) }, d.row.id)]]),
  el("h3", {}, "Through the layers"),
  el("ol", { class: "steps" }, d.way.map((step) => el("li", { "data-outcome": step.outcome },
    el("span", { class: "n" }, step.layer), el("i", { "aria-hidden": "true" }), el("span", {}, step.name), el("span", { class: "why" }, (step.outcome ? step.outcome + ": " : "") + step.why)))),
  el("h3", {}, "What was logged"),
  d.log.length ? el("ol", { class: "log" }, d.log.map(line)) : el("p", { class: "none" }, "No line of it is kept any more."),
];

const line = (l) => el("li", {},
  el("p", {}, el("span", { class: "at" }, clock(l.at)), " ", el("strong", {}, l.source), " ", el("span", { class: /ERROR|CRITICAL/.test(l.severity) ? "severe" : "" }, l.severity.toLowerCase()), " ", l.text),
  l.fields.length ? el("dl", { class: "fields" }, l.fields.flatMap((f) => [el("dt", {}, f.name), el("dd", { class: "mono" }, f.value)])) : "");
