// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, and putting text into the page: as text always, never as markup.

const NOTHING = "–";

function scaled(value, step, units) {
  let i = 0;
  while (value >= step && i + 1 < units.length) {
    value /= step;
    ++i;
  }
  const digits = i === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[i]}`;
}

export function bytes(value) {
  return value === null ? NOTHING : scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
}

// Of bytes in a second; networks are told in bits.
export function rate(value) {
  return value === null ? NOTHING : scaled(value * 8, 1000, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]);
}

export function time_of(us) {
  return us === null ? NOTHING : scaled(us, 1000, ["µs", "ms", "s"]);
}

export function loss(ppm) {
  return ppm === null ? NOTHING : `${(ppm / 10000).toFixed(ppm > 0 && ppm < 100000 ? 2 : 0)} %`;
}

export function count(value) {
  return value === null ? NOTHING : value.toLocaleString("en");
}

// "3 d 4 h", of seconds.
export function duration(seconds) {
  const parts = [];
  for (const [name, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const whole = Math.floor(seconds / size);
    seconds -= whole * size;
    if (whole > 0) parts.push(`${whole} ${name}`);
    if (parts.length === 2 || (parts.length === 1 && whole === 0)) break;
  }
  return parts.length > 0 ? parts.join(" ") : "0 s";
}

export function since(time_ms, now_ms) {
  return time_ms === null ? "never" : `${duration(Math.max(0, Math.round((now_ms - time_ms) / 1000)))} ago`;
}

// ---- Elements --------------------------------------------------------------------------------------
const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) put(element, name, value);
  element.append(...children);
  return element;
}

// element("p", {class: "x"}, "text", another): strings become text.
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

// An attribute, only where it changes.
export function put(element, name, value) {
  value = String(value);
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function put_text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

// The children that `made` gives for each item, kept by their keys from one time to the next, in order.
export function keep_children(parent, items, { key, make, update }) {
  parent.kept ??= new Map();
  const kept = new Map();
  let at = parent.firstChild;
  for (const item of items) {
    const name = key(item);
    const child = parent.kept.get(name) ?? make(item);
    kept.set(name, child);
    update(child, item);
    if (child === at) {
      at = at.nextSibling;
    } else {
      parent.insertBefore(child, at);
    }
  }
  for (const [name, child] of parent.kept) {
    if (kept.get(name) !== child) child.remove();
  }
  parent.kept = kept;
}
