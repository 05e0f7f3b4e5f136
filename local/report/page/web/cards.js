// The banner, what the layers are made of, and the cards beside the requests.
import { clock, count, el, number, one, say, steady, svg } from "./dom.js";

const code = (text) => el("code", {}, text);
const playbook = (name) => name && el("a", { href: "/playbooks/" + encodeURIComponent(name) }, "playbook");

const condition = (c) => {
  const item = one("#condition-blank").content.firstElementChild.cloneNode(true);
  item.dataset.kind = c.kind;
  one(".text", item).textContent = c.text;
  if (c.next) one(".next", item).textContent = c.next;
  else one(".next", item).remove();
  if (c.playbook) one("a", item).href = "/playbooks/" + encodeURIComponent(c.playbook);
  else one("a", item).remove();
  return item;
};

// banner shows how the cloud is; lost, that nobody can say.
export const banner = (b) => {
  one("#banner").dataset.level = b.level;
  say("#banner-text", b.title);
  steady(one("#conditions"), JSON.stringify(b.conditions), () => b.conditions.map(condition));
  document.title = ({ good: "", idle: "", stale: "○ " }[b.level] ?? "● ") + "License platform";
};
export const lost = (since) => banner({
  level: "stale", title: "Not connected: what is shown is as of " + clock(since),
  conditions: [{ kind: "hint", text: "the embedded cloud does not answer; trying again", next: "make status" }],
});

const resource = (r) => el("li", {}, el("span", { class: "kind" }, r.kind), " ", el("span", { class: "what" }, r.name),
  r.existing && el("span", { class: "note" }, " was there before"), r.note && el("span", { class: r.warning ? "note warning" : "note" }, " " + r.note));

export const layers = (all) => {
  for (const layer of all) {
    const at = one("#layer-" + layer.number);
    one(".declared", at).textContent = number(layer.declared);
    one(".here code", at).textContent = layer.address;
    steady(one("ul", at), JSON.stringify(layer.resources), () =>
      layer.resources.length ? layer.resources.map(resource) : [el("li", { class: "empty" }, "Nothing is declared here yet.")]);
  }
};

export const alerts = (s) => {
  say("#alerts-hint", s.pace > 1 ? s.pace + " times faster than real" : "");
  steady(one("#alert-list"), JSON.stringify(s.alerts), () => s.alerts.length ? s.alerts.map(alert) : [el("li", { class: "empty" },
    "No alert fires. To see one: ", code("go run ./local alerts --hurry 30"), ", then ", code("go run ./local fail kms"), ".")]);
};
const alert = (a) => el("li", {},
  el("p", { class: "head" }, el("span", { class: a.firing ? "bad" : "name" }, a.name), el("span", { class: "soft" }, a.firing ? a.severity : "about to fire"), el("span", { class: "at" }, "since " + clock(a.since))),
  el("p", {}, a.summary, " ", playbook(a.playbook)), a.about && el("p", { class: "soft" }, a.about));

export const seats = (s) => {
  steady(one("#seat-list"), JSON.stringify(s), () => [
    s.why ? el("li", { class: "empty" }, "Seats cannot be read: " + s.why + ".") : "",
    ...s.licenses.map(license),
    !s.why && !s.licenses.length ? el("li", { class: "empty" }, "No licence is there. Name one in ", code("identity.tenants"), " of Pulumi.local.yaml, then ", code("make up"), ".") : "",
    s.more ? el("li", { class: "empty" }, "and " + count(s.more, "licence more", "licences more")) : "",
  ].filter(Boolean));
};
const license = (l) => {
  const known = l.inUse !== null, full = known && l.inUse >= l.limit, share = known ? Math.min(1, l.inUse / Math.max(1, l.limit)) : 0;
  return el("li", {}, el("p", { class: "head" }, el("span", { class: "name" }, l.id), el("span", { class: "soft" }, l.tenant),
    l.status !== "active" && el("span", { class: "bad" }, l.status),
    el("span", { class: full ? "bad" : "" }, known ? number(l.inUse) + " of " + count(l.seats, "seat", "seats") : count(l.seats, "seat", "seats"))),
  known ? svg("svg", { class: "meter", "data-full": full, "aria-hidden": "true" }, svg("rect", { class: "ground", width: "100%", height: "100%", rx: 3 }),
    svg("rect", { class: "fill", width: (100 * share).toFixed(1) + "%", height: "100%", rx: 3 })) : el("p", { class: "soft" }, l.why));
};

// shownEntries bounds the list; the source narrows what it is taken from.
const shownEntries = 150, source = one("#audit-source");
let trail = { entries: [] };
export const audit = (a) => {
  trail = a;
  say("#audit-why", a.why ? "The API's ledger cannot be read: " + a.why + "." : "");
  const chosen = a.entries.filter((e) => !source.value || e.source === source.value), latest = chosen.slice(0, shownEntries);
  steady(one("#audit-list"), source.value + JSON.stringify(latest), () => [
    ...latest.map(entry),
    chosen.length > latest.length ? el("li", { class: "empty" }, "older ones: ", code(".local/logs/audit.jsonl"), " and ", code("GET /v1/audit")) : "",
    chosen.length ? "" : el("li", { class: "empty" }, "Nothing yet. Every signature, and every change of a licence, is written here."),
  ].filter(Boolean));
};
source.addEventListener("change", () => audit(trail));
const entry = (e) => el("li", {},
  el("p", { class: "head" }, el("span", { class: "at" }, clock(e.at)), el("span", { class: "name" }, e.action), el("span", { class: e.bad ? "bad" : "soft" }, e.outcome)),
  // Each in its own direction: two names in Arabic would change places.
  el("p", { class: "soft" }, e.who && el("bdi", {}, e.who), e.who && e.on && " → ", e.on && el("bdi", {}, e.on)));
