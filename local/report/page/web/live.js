// The stream of events. A page that nobody sees lets go of its stream after a while,
// because a browser opens only six connections to one address.
const hiddenTimeout = 60_000;
// The server speaks at least every 15 seconds. When it does not, as after the machine has
// slept or when the embedded cloud is stopped and not ended, the stream is opened anew.
const silence = 40_000;

// connect listens with the filter's query. heard is called with the name and the
// content of each event, "up" and "down" included.
export const connect = (heard) => {
  let source = null, query = "", leaving = 0, again = 0, spoke = 0, version = "";
  // What comes at once is shown part by part, so that no task is long; of a part the
  // latest is enough.
  const waiting = new Map();
  const later = (name, data) => {
    if (!waiting.size) setTimeout(next);
    waiting.set(name, data);
  };
  const next = () => {
    const [name, data] = waiting.entries().next().value;
    waiting.delete(name);
    if (waiting.size) setTimeout(next);
    heard(name, JSON.parse(data));
  };
  const open = () => {
    clearTimeout(again);
    source?.close();
    spoke = Date.now();
    source = new EventSource("/events?" + query);
    source.addEventListener("open", () => heard("up"));
    source.addEventListener("error", () => {
      heard("down");
      // A browser tries again by itself, unless it was refused.
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(again);
        again = setTimeout(open, 5000);
      }
    });
    // Another program serves other scripts: what is open and the filter stand in the address.
    source.addEventListener("version", (event) => {
      if (version && version !== event.data) location.reload();
      version = event.data;
    });
    for (const name of ["beat", "requests", "state", "figures", "topology", "seats", "audit"]) source.addEventListener(name, () => { spoke = Date.now(); });
    source.addEventListener("beat", () => heard("beat"));
    source.addEventListener("requests", (event) => heard("requests", JSON.parse(event.data)));
    for (const name of ["state", "figures", "topology", "seats", "audit"]) source.addEventListener(name, (event) => later(name, event.data));
  };
  setInterval(() => {
    if (!source || Date.now() - spoke < silence) return;
    heard("down");
    open();
  }, 5000);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) {
      leaving = setTimeout(() => {
        clearTimeout(again);
        source?.close();
        source = null;
        heard("unseen");
      }, hiddenTimeout);
    } else if (!source) open();
  });
  return (asked) => {
    query = asked;
    open();
  };
};
