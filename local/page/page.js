"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const list = one("#passages"), keep = 100, waiting = [];
  let paused = false, heard = 0, stopped = 0;

  // build makes the entry of a request. Its texts are set as texts, never as HTML.
  const build = (p) => {
    const item = one("#blank").content.firstElementChild.cloneNode(true);
    const texts = {
      clock: p.clock, method: p.method, host: p.host, path: p.path, code: p.status, verdict: p.verdict, said: p.said,
      ip: p.client, region: p.region || "", latency: p.latency,
    };
    for (const [name, text] of Object.entries(texts)) one("." + name, item).textContent = text;
    item.dataset.outcome = p.stoppedBy ? "stopped" : "passed";
    const marks = item.querySelectorAll(".way > span"), steps = item.querySelectorAll(".steps > li");
    p.way.forEach((step, i) => {
      marks[i].dataset.outcome = steps[i].dataset.outcome = step.outcome;
      one(".why", steps[i]).textContent = (step.outcome ? step.outcome + ": " : "") + step.why;
    });
    item.classList.add("new");
    return item;
  };

  const count = (p) => {
    const layer = p.stoppedBy && one("#layer-" + p.stoppedBy);
    if (!layer) return;
    const number = one(".stopped", layer);
    number.textContent = Number(number.textContent) + 1;
    one(".stops", layer).hidden = false;
    layer.classList.add("hit");
    setTimeout(() => layer.classList.remove("hit"), 600);
  };

  const show = (p) => {
    list.prepend(build(p));
    while (list.children.length > keep) list.lastElementChild.remove();
    one("#none").hidden = true;
    count(p);
  };

  const receive = (p) => {
    heard++;
    if (p.stoppedBy) stopped++;
    if (!paused) return show(p);
    waiting.push(p);
    if (waiting.length > keep) count(waiting.shift());
    button.textContent = "Go on (" + waiting.length + ")";
  };

  const button = one("#pause");
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Go on" : "Pause";
    if (!paused) waiting.splice(0).forEach(show);
  });

  const only = one("#only");
  const filter = () => list.classList.toggle("only", only.checked);
  only.addEventListener("change", filter);
  filter();

  // refresh takes the layers and the health from a page made anew. The counters
  // stay: they count what was seen here.
  let refreshing = null;
  const refresh = async () => {
    refreshing = null;
    const answer = await fetch("/");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (one("#health").textContent !== one("#health", fresh).textContent) one("#health").replaceWith(one("#health", fresh));
    for (const layer of document.querySelectorAll(".layer")) {
      const next = one("#" + layer.id, fresh);
      one(".inside", layer).replaceWith(one(".inside", next));
      one(".count", layer).replaceWith(one(".count", next));
    }
  };
  const soon = () => { refreshing ??= setTimeout(() => refresh().catch(() => {}), 500); };

  const connection = one("#connection");
  const events = new EventSource("/events");
  events.addEventListener("open", () => { connection.textContent = "Live."; soon(); });
  events.addEventListener("error", () => { connection.textContent = "The embedded cloud does not answer; trying again."; });
  events.addEventListener("request", (e) => receive(JSON.parse(e.data)));
  events.addEventListener("state", soon);

  // A screen reader hears a summary, not every request.
  setInterval(() => {
    if (!heard) return;
    one("#news").textContent = heard + (heard === 1 ? " new request, " : " new requests, ") + stopped + " stopped.";
    heard = stopped = 0;
  }, 5000);
})();
