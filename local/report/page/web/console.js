// The console: one stream of events, and the parts that show them.
import { alerts, audit, banner, layers, lost, seats } from "./cards.js";
import { onLeave, open, shownRequest } from "./detail.js";
import { narrow, one, say } from "./dom.js";
import * as requests from "./list.js";
import { connect } from "./live.js";
import { figures } from "./timeline.js";
import { topology } from "./topology.js";

const root = document.documentElement, form = one("#filter"), pause = one("#pause");
root.dataset.live = "";
let heardAt = Date.now(), paused = false, heard = 0, stopped = 0, held = 0;

// On a narrow screen the requests come before what is about them, also for the
// keyboard and for screen readers.
const arrange = () => {
  const overview = one("#overview"), list = one("#requests"), side = one("#side");
  if (narrow.matches) side.after(overview);
  else list.before(overview);
};
narrow.addEventListener("change", arrange);
arrange();

const receive = {
  up: () => {
    say("#connection", "Live");
    one("#connection").toggleAttribute("data-live", true);
    if (!paused) requests.load(query());
  },
  down: () => {
    say("#connection", "Not connected");
    one("#connection").toggleAttribute("data-live", false);
    lost(heardAt);
  },
  // The stream was let go because nobody sees the page: no news is neither good nor bad.
  unseen: () => {
    receive.down();
    document.title = "License platform (not watching)";
  },
  beat: () => {},
  state: (s) => {
    banner(s.banner);
    layers(s.layers);
    alerts(s);
    say("#edge", s.edge);
  },
  requests: (batch) => {
    heard += batch.rows.length + batch.missed;
    stopped += batch.rows.filter((row) => row.outcome === "stopped").length;
    if (!paused) return requests.arrive(batch);
    held += batch.rows.length + batch.missed;
    pause.textContent = "Go on (" + held + ")";
  },
  figures, topology, seats, audit,
};
const listen = connect((name, content) => {
  if (name !== "down" && name !== "unseen") heardAt = Date.now();
  receive[name](content);
});

// The filter is in the address, so that it can be kept and passed on.
const query = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim())).toString();
const address = (id) => {
  const all = new URLSearchParams(query());
  if (id) all.set("request", id);
  history.replaceState(null, "", all.size ? "/?" + all : "/");
};
let typing = 0;
const filter = async () => {
  clearTimeout(typing);
  address(shownRequest());
  if (await requests.load(query())) listen(query());
};
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(filter, 200);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
one("#reset").addEventListener("click", (event) => {
  event.preventDefault();
  for (const field of form.querySelectorAll("input, select")) field.value = "";
  filter();
});

pause.addEventListener("click", () => {
  paused = !paused;
  held = 0;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  if (!paused) requests.load(query());
});

const show = (id, from) => {
  address(id);
  requests.mark(id);
  return open(id, from);
};
one("#rows").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link?.dataset.id || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link.dataset.id, link);
});
onLeave(() => {
  address("");
  requests.mark("");
});

// A screen reader hears a summary, not every request.
setInterval(() => {
  if (!heard) return;
  say("#news", heard + (heard === 1 ? " new request, " : " new requests, ") + stopped + " stopped");
  heard = stopped = 0;
}, 5000);

const wanted = new URLSearchParams(location.search).get("request");
setTimeout(() => {
  listen(query());
  if (wanted) show(wanted);
});
