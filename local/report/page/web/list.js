// The list of requests: all that fit are in memory as rows, only those in view are
// elements. Older ones are fetched as they come into view.
import { clock, count, number, one, say } from "./dom.js";

const most = 10_000, page = 200, beyond = 8, printed = 100;
const list = one("#list"), host = one("#rows"), blank = one("#row-blank").content.firstElementChild;
let rows = [], matched = 0, stored = 0, more = false, loading = null, generation = 0, high = 27, current = 0, openID = "", begun = false, printing = false;
const shown = new Map(); // seq → element

const build = (row) => {
  const item = blank.cloneNode(true), link = item.firstElementChild;
  item.dataset.outcome = row.outcome;
  item.dataset.seq = row.seq;
  link.href = "/?request=" + encodeURIComponent(row.id);
  link.dataset.id = row.id;
  one(".at", item).textContent = clock(row.time);
  for (const name of ["status", "method", "host", "path", "said", "took"]) one("." + name, item).textContent = row[name];
  one(".url", item).title = row.host + row.path;
  one(".said", item).title = row.said;
  [...one(".way", item).children].forEach((mark, i) => { mark.dataset.o = row.way[i]; });
  return item;
};

// render makes the rows in view, and lets go of the others; one that has the focus
// stays, so that the keyboard does not lose its place.
const render = (isNew = 0) => {
  if (!begun) return; // until the first answer the page's own rows stand
  // The list is as high as its content, at most. So its height counts with all rows in it.
  if (!("virtual" in host.dataset)) {
    host.dataset.virtual = ""; // until then the rows stand one below the other
    host.style.height = rows.length * high + "px";
  }
  const top = printing ? 0 : Math.max(0, Math.floor(list.scrollTop / high) - beyond);
  const bottom = printing ? Math.min(rows.length, printed) : Math.min(rows.length, Math.ceil((list.scrollTop + list.clientHeight) / high) + beyond);
  host.style.height = rows.length * high + "px";
  const wanted = new Map();
  for (let i = top; i < bottom; i++) wanted.set(rows[i].seq, i);
  for (const [seq, item] of shown) {
    if (wanted.has(seq) || item.contains(document.activeElement) && rows.some((row) => row.seq === seq)) continue;
    item.remove();
    shown.delete(seq);
  }
  let tab = shown.get(current);
  for (const [seq, i] of wanted) {
    let item = shown.get(seq);
    if (!item) {
      item = build(rows[i]);
      shown.set(seq, item);
      host.append(item);
      if (i < isNew) item.dataset.new = "";
    }
    item.style.transform = "translateY(" + i * high + "px)";
    item.setAttribute("aria-posinset", i + 1);
    item.setAttribute("aria-setsize", matched);
    item.toggleAttribute("data-open", rows[i].id === openID);
    item.firstElementChild.tabIndex = -1;
    if (seq === current) tab = item;
  }
  tab ??= shown.get(rows[Math.min(rows.length - 1, Math.ceil(list.scrollTop / high))]?.seq);
  if (tab) tab.firstElementChild.tabIndex = 0;
  one("#none").hidden = rows.length > 0;
  say("#count", matched === stored ? count(stored, "request kept", "requests kept") : number(matched) + " of " + count(stored, "request fits", "requests fit"));
  if (more && !printing && bottom > rows.length - 100) older();
};

let due = 0;
const soon = () => {
  if (due) return;
  due = requestAnimationFrame(() => {
    due = 0;
    render();
  });
};

const ask = async (query, before, limit) => {
  const answer = await fetch("/api/requests?" + query + "&limit=" + limit + (before ? "&before=" + before : ""));
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

let asked = "";
// load begins the list anew for a filter's query, or asks for what was missed when the
// query is as before; false when the query is wrong, or another one came meanwhile.
export const load = async (query) => {
  const again = query === asked, mine = ++generation;
  asked = query;
  loading = ask(query, 0, page);
  let found;
  try {
    found = await loading;
    say("#wrong", "");
  } catch (mistake) {
    if (mine === generation) say("#wrong", mistake instanceof TypeError ? "" : mistake.message.trim());
    return false;
  } finally {
    if (mine === generation) loading = null;
  }
  if (mine !== generation) return false;
  ({ matched, stored } = found);
  const known = again && rows.length ? found.rows.findIndex((row) => row.seq === rows[0].seq && row.id === rows[0].id) : -1;
  if (known >= 0) add(found.rows.slice(0, known));
  else begin(found);
  return true;
};

const begin = (found) => {
  ({ rows, more } = found);
  begun = true;
  host.replaceChildren();
  shown.clear();
  list.scrollTop = 0;
  measure();
};

// add puts what is new before the rest. Who reads further down is not disturbed.
const add = (fresh) => {
  rows = fresh.concat(rows).slice(0, most);
  if (list.scrollTop > high) list.scrollTop += fresh.length * high;
  render(fresh.length);
};

const older = async () => {
  if (loading || rows.length >= most) return;
  const mine = generation;
  try {
    loading = ask(asked, rows.at(-1).seq, page);
    const found = await loading;
    if (mine !== generation) return;
    rows = rows.concat(found.rows).slice(0, most);
    ({ matched, stored, more } = found);
  } catch {
    more = false; // the stream tells when the embedded cloud does not answer
  } finally {
    if (mine === generation) loading = null;
  }
  soon();
};

// arrive adds what has just happened.
export const arrive = (batch) => {
  if (loading && !rows.length) return;
  if (batch.missed) return load(asked);
  const first = rows[0]?.seq ?? 0;
  ({ matched, stored } = batch);
  add(batch.rows.filter((row) => row.seq > first));
};

export const mark = (id) => {
  openID = id;
  const row = rows.find((each) => each.id === id);
  if (row) current = row.seq;
  soon();
};

// go moves the focus by so many rows.
const go = (by) => {
  const i = rows.findIndex((row) => row.seq === current), to = Math.max(0, Math.min(rows.length - 1, (i < 0 ? 0 : i) + by));
  if (!rows.length) return;
  current = rows[to].seq;
  if (to * high < list.scrollTop) list.scrollTop = to * high;
  else if ((to + 1) * high > list.scrollTop + list.clientHeight) list.scrollTop = (to + 1) * high - list.clientHeight;
  render();
  shown.get(current)?.firstElementChild.focus({ preventScroll: true });
};
list.addEventListener("keydown", (event) => {
  const screen = Math.max(1, Math.floor(list.clientHeight / high) - 1);
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -most, End: most }[event.key];
  if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  go(by);
});
host.addEventListener("focusin", (event) => {
  const item = event.target.closest(".row");
  if (item) current = Number(item.dataset.seq);
});
list.addEventListener("scroll", soon, { passive: true });

// measure takes the height of a row from the style sheet, which differs by width.
const measure = () => {
  if (!begun) return;
  const sample = host.firstElementChild ?? host.appendChild(blank.cloneNode(true));
  high = sample.offsetHeight || high;
  if (!sample.dataset.seq) sample.remove();
  render();
};
new ResizeObserver(measure).observe(list);

// On paper the latest requests stand one below the other, so the elements have their order.
const print = (is) => {
  printing = is;
  if (!begun) return;
  host.replaceChildren();
  shown.clear();
  render();
};
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
