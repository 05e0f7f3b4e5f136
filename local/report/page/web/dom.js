// Small helpers. Whatever comes from elsewhere becomes a text, never HTML.
export const one = (selector, within = document) => within.querySelector(selector);

// el makes an element; a child is an element or a text, and nothing for what is
// missing.
export const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const fill = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return made;
};

// say sets a text only when it is another one, so that a screen reader hears changes.
export const say = (selector, text) => {
  const at = one(selector);
  if (at.textContent !== String(text)) at.textContent = text;
};

// Numbers and hours are written by hand: to load Intl takes a browser longer than all
// the rest of the start.
export const number = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
export const count = (n, one, more) => number(n) + " " + (n === 1 ? one : more);
export const clock = (at) => {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
};
export const milliseconds = (ms) => (ms < 10 ? ms.toFixed(1) + " ms" : ms < 1000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(1) + " s");
// enlarged is how much larger than by default the user has the text; drawings grow with it.
export const enlarged = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 14;
export const narrow = window.matchMedia("(max-width: 69.99rem)");

// steady replaces the children unless they are the same as before: what has the
// focus, or is selected, stays.
export const steady = (at, key, children) => {
  if (at.dataset.key === key) return;
  at.dataset.key = key;
  at.replaceChildren(...children());
};
