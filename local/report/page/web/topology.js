// Who may talk to whom, drawn from what the policies decide now.
import { clock, el, enlarged, one, steady, svg } from "./dom.js";

const map = one("#map"), said = one("#map-said");
const gap = 8, columns = ["source", "pods", "service"], heights = { source: 38, pods: 38, service: 24 };
let last = null, picked = "";

const names = (t) => Object.fromEntries(t.nodes.map((n) => [n.id, n.name]));

// place gives every node its box, each kind in a column of its own.
const place = (t, width) => {
  const wide = Math.min(176, (width - 90) / 3), at = {};
  const tall = (kind) => t.nodes.filter((n) => n.kind === kind).length * (heights[kind] + gap);
  const most = Math.max(40, ...columns.map(tall));
  columns.forEach((kind, i) => {
    let y = 2 + (most - tall(kind)) / 2;
    for (const n of t.nodes.filter((each) => each.kind === kind)) {
      at[n.id] = { x: (i * (width - wide)) / 2, y, column: i, wide, high: heights[kind] };
      y += heights[kind] + gap;
    }
  });
  return { at, height: most + 2 };
};

const path = (a, b) => {
  const y1 = a.y + a.high / 2, y2 = b.y + b.high / 2;
  if (a.column === b.column) {
    const x = a.x + a.wide, out = x + 26;
    return "M" + x + " " + y1 + "C" + out + " " + y1 + " " + out + " " + y2 + " " + x + " " + y2;
  }
  const x1 = a.column < b.column ? a.x + a.wide : a.x, x2 = a.column < b.column ? b.x : b.x + b.wide, half = (x1 + x2) / 2;
  return "M" + x1 + " " + y1 + "C" + half + " " + y1 + " " + half + " " + y2 + " " + x2 + " " + y2;
};

const clip = (text, wide) => {
  const most = Math.floor((wide - 14) / 8);
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
};

const state = (n) => (n.down ? "made to fail" : n.total ? n.ready + " of " + n.total + " ready" : n.where);

const node = (n, box) => svg("g", {
  class: "node", tabindex: 0, role: "button", "aria-pressed": String(n.id === picked), "data-id": n.id, "data-foreign": n.foreign,
  "data-bad": n.down || n.ready < n.total, transform: "translate(" + box.x + " " + box.y + ")",
}, svg("rect", { width: box.wide, height: box.high }), svg("text", { class: "title", x: 8, y: 16 }, clip(n.name, box.wide)),
box.high > 30 && svg("text", { x: 8, y: 30 }, clip(state(n), box.wide * 1.12)), svg("title", {}, [n.name, ...new Set([state(n), n.where])].join(", ")));

const draw = () => {
  const t = last, scale = enlarged(), width = Math.max(430, (map.clientWidth - 14) / scale);
  if (!t || !map.clientWidth) return;
  const { at, height } = place(t, width), focus = document.activeElement?.dataset?.id;
  const foreign = new Set(t.nodes.filter((n) => n.foreign).map((n) => n.id));
  const edges = t.edges.filter((e) => at[e.from] && at[e.to]);
  const lines = edges.filter((e) => e.ports.length).map((e) => svg("path", { class: "edge", "data-foreign": foreign.has(e.from), d: path(at[e.from], at[e.to]), "data-from": e.from, "data-to": e.to }));
  const labels = []; // none lies over another
  const drops = edges.filter((e) => e.dropped).flatMap((e) => {
    const a = at[e.from], b = at[e.to], x = a.column === b.column ? a.x + a.wide + 28 : a.column < b.column ? b.x - 14 : b.x + b.wide + 14;
    let y = a.column === b.column ? (a.y + b.y + b.high) / 2 + 4 : b.y + b.high / 2 - 4;
    while (labels.some((other) => Math.abs(other.x - x) < 26 && Math.abs(other.y - y) < 11)) y += 11;
    labels.push({ x, y });
    return [svg("path", { class: "edge dropped", d: path(a, b), "data-from": e.from, "data-to": e.to }),
      svg("text", { class: "drop-label", x, y, "text-anchor": "middle", "data-from": e.from, "data-to": e.to }, "✕ " + e.dropped)];
  });
  map.replaceChildren(svg("svg", { viewBox: "0 0 " + width + " " + height, width: width * scale, height: height * scale, role: "group", "aria-label": "Topology" },
    ...lines, ...drops, ...t.nodes.filter((n) => at[n.id]).map((n) => node(n, at[n.id]))));
  if (focus) map.querySelector('[data-id="' + CSS.escape(focus) + '"]')?.focus({ preventScroll: true });
  pick(picked);
};

// pick shows only what one node has to do with, and says it.
const pick = (id) => {
  const known = last.nodes.find((n) => n.id === id), name = names(last);
  picked = known ? id : "";
  map.toggleAttribute("data-picked", Boolean(picked));
  for (const edge of map.querySelectorAll("[data-from]")) edge.toggleAttribute("data-on", edge.dataset.from === picked || edge.dataset.to === picked);
  for (const n of map.querySelectorAll(".node")) n.setAttribute("aria-pressed", String(n.dataset.id === picked));
  const list = (edges, other) => edges.filter((e) => e.ports.length).map((e) => name[other(e)] + " (" + e.ports.join(", ") + ")").join(", ") || "nobody";
  const text = known
    ? known.name + " may talk to " + list(last.edges.filter((e) => e.from === id), (e) => e.to) + "; may be talked to by " + list(last.edges.filter((e) => e.to === id), (e) => e.from) + "."
    : last.nodes.length ? "Choose a part to see whom it may talk to." : "Nothing is declared yet: make up.";
  if (said.textContent !== text) said.textContent = text;
};

const toggle = (event) => {
  const chosen = event.target.closest(".node");
  if (chosen) pick(chosen.dataset.id === picked ? "" : chosen.dataset.id);
};
map.addEventListener("click", toggle);
map.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  toggle(event);
});

export const topology = (t) => {
  last = t;
  draw();
  const dropped = t.denied.slice(0, 20), name = names(t);
  steady(one("#denied"), JSON.stringify([t.warning, dropped]), () => [
    t.warning ? el("li", { class: "wrong" }, t.warning) : "",
    ...dropped.map((d) => el("li", {}, el("details", {}, el("summary", {}, el("span", { class: "at" }, clock(d.at)), " dropped" + (d.count > 1 ? " " + d.count + " times" : "") + ": ",
      el("strong", {}, name[d.from] ?? d.from), " → ", el("strong", {}, name[d.to] ?? d.to), d.trial && el("span", { class: "soft" }, " by an attack")), d.text))),
    t.nodes.length && !dropped.length ? el("li", { class: "empty" }, "Nothing was dropped lately. ", el("code", {}, "make attack"), " tries what is not allowed.") : "",
  ].filter(Boolean));
};
let width = 0;
new ResizeObserver(() => {
  if (map.clientWidth !== width) draw();
  width = map.clientWidth;
}).observe(map);
