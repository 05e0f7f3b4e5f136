// The rates, and the chart of the last half hour with a lane for each layer.
import { clock, count, el, enlarged, milliseconds, number, one, say, steady, svg } from "./dom.js";

const sum = (all) => all.reduce((total, n) => total + n, 0);
const chart = one("#timeline"), layers = [...document.querySelectorAll(".layer")];
let last = null;

const rates = (f) => {
  const stopped = sum(f.lately.stopped);
  say("#rate", f.requests);
  say("#total", number(f.total.all));
  say("#since", clock(f.since));
  say("#share", f.share);
  say("#passed", number(f.lately.passed));
  say("#stopped", f.lately.all ? share(stopped, f.lately.all) : "");
  say("#stopped-lately", number(stopped));
  for (const p of ["p50", "p95", "p99"]) {
    say("#" + p, f.latency ? milliseconds(f.latency[p]) : "");
    one("#" + p).parentElement.hidden = !f.latency;
  }
  say("#latency-of", f.latency ? "of " + count(f.latency.of, "answer", "answers") + " in 5 minutes" : "nothing answered in 5 minutes");
};
const share = (n, all) => {
  const percent = (100 * n) / all;
  return (n && n < all && (percent < 1 || percent > 99) ? Math.min(99.9, Math.max(0.1, percent)).toFixed(1) : percent.toFixed(0)) + " %";
};

// marksOf are the moments within the chart, those of the same column together.
const marksOf = (f, x, end) => {
  const made = [];
  for (const mark of f.marks) {
    const at = x(Date.parse(mark.at) / 1000);
    if (at < 0 || at > end) continue;
    made.push(svg("line", { class: "mark-line", "data-kind": mark.kind, x1: at, x2: at, y1: 4, y2: 64 }));
    made.push(svg("circle", { class: "mark-dot", "data-kind": mark.kind, cx: at, cy: 4, r: 3 }, svg("title", {}, clock(mark.at) + " " + mark.text)));
  }
  return made;
};

const draw = () => {
  const f = last, width = chart.clientWidth / enlarged();
  if (!f || !width) return;
  chart.setAttribute("viewBox", "0 0 " + width + " 80.5");
  const end = Math.floor(f.now / f.slot) * f.slot + f.slot, begin = end - f.slot * f.slots, step = width / f.slots;
  const x = (at) => ((at - begin) / f.slot) * step, thick = Math.max(1, step - 1);
  const most = Math.max(1, ...f.columns.map((c) => c.all));
  const made = [svg("line", { class: "axis", x1: 0, x2: width, y1: 64.5, y2: 64.5 })];
  for (const c of f.columns) {
    const bad = (54 * sum(c.stopped)) / most, all = Math.max(1, (54 * c.all) / most);
    made.push(svg("rect", { class: "passed-bar", x: x(c.at), width: thick, y: 64 - all, height: Math.max(0, all - bad) }));
    if (bad > 0) made.push(svg("rect", { class: "stopped-bar", x: x(c.at), width: thick, y: 64 - Math.max(1, bad), height: Math.max(1, bad) }));
  }
  made.push(...marksOf(f, x, width));
  made.push(svg("text", { x: 0, y: 77 }, clock(begin * 1000).slice(0, 5)), svg("text", { x: width / 2, y: 77, "text-anchor": "middle" }, clock((begin + end) * 500).slice(0, 5)));
  made.push(svg("text", { x: width, y: 77, "text-anchor": "end" }, "now"));
  say("#most", f.columns.length ? "at most " + number(most) + " in " + f.slot + " s" : "none yet");
  chart.replaceChildren(...made);
  const passed = sum(f.columns.map((c) => c.passed)), stopped = sum(f.columns.map((c) => sum(c.stopped)));
  chart.setAttribute("aria-label", "Requests of the last half hour: " + number(passed) + " passed, " + number(stopped) + " stopped");
  layers.forEach((layer, i) => lane(layer, f, i, x, thick, width));
};

// lane shows when a layer stopped something; the darker, the more.
const lane = (layer, f, i, x, thick, width) => {
  const at = one(".stopped", layer);
  at.textContent = number(f.total.stopped[i]);
  at.toggleAttribute("data-some", f.total.stopped[i] > 0);
  const most = Math.max(1, ...f.columns.map((c) => c.stopped[i]));
  const hits = f.columns.filter((c) => c.stopped[i]).map((c) =>
    svg("rect", { class: "hit", x: x(c.at), width: thick, y: 2, height: 12, opacity: (0.35 + (0.65 * Math.log1p(c.stopped[i])) / Math.log1p(most)).toFixed(2) }));
  one(".lane", layer).setAttribute("viewBox", "0 0 " + width + " 14");
  one(".lane", layer).replaceChildren(svg("line", { class: "axis", x1: 0, x2: width, y1: 14.5, y2: 14.5 }), ...hits);
};

const marks = (f) => {
  const latest = f.marks.slice(0, 6);
  steady(one("#marks"), JSON.stringify(latest), () => latest.map((mark) => el("li", { "data-kind": mark.kind },
    el("span", { class: "at" }, clock(mark.at)), " ", el("span", { class: "text" }, mark.text))));
};

export const figures = (f) => {
  last = f;
  rates(f);
  marks(f);
  draw();
};
new ResizeObserver(draw).observe(chart);
