// SPDX-License-Identifier: Apache-2.0
// The map: this node in the middle, its peers around it, a link to each. A list box to screen readers and keyboards:
// one stop of the tab key, arrow keys go from node to node. What is near what: layout.js.

import { keep_children, put, put_text, rate, shape, time_of } from "./format.js";
import { LABEL_WIDTH, LINE, box_of, fit_labels, is_labelled, lines_at, neighbour, overlap, places } from "./layout.js";
import { SELF, matches } from "./model.js";

const ZOOM_MAX = 8;
const ZOOM_STEP = 1.5;
const ZOOM_WITH_LABELS = 2;
const DRAG_MIN = 4; // px: less is a click
const PILL = { width_min: 92, height: 46 };
const DOT = { few: 9, many: 5.5 };
const FEW_MAX = 12;
const TITLE_FONT = 600;

const canvas = document.createElement("canvas").getContext("2d");

function width_of(text, size, weight = 400) {
  canvas.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}

// As much as is no wider, with an ellipsis in its middle where something is missing: names differ at their ends.
function shortened(text, max, size, weight) {
  if (width_of(text, size, weight) <= max) return text;
  const letters = [...text];
  const cut = (left) => `${letters.slice(0, Math.ceil(left / 2)).join("")}…${letters.slice(letters.length - Math.floor(left / 2)).join("")}`;
  let [fits, not] = [0, letters.length];
  while (not - fits > 1) {
    const middle = (fits + not) >> 1;
    [fits, not] = width_of(cut(middle), size, weight) <= max ? [middle, not] : [fits, middle];
  }
  return cut(fits);
}

function note_of(peer) {
  if (peer.health !== "up") return peer.word;
  const parts = [];
  if (peer.status.rtt_us !== null) parts.push(time_of(peer.status.rtt_us));
  if (peer.rx_rate !== null && peer.tx_rate !== null) parts.push(rate(peer.rx_rate + peer.tx_rate));
  return parts.length > 0 ? parts.join(" · ") : peer.word;
}

function thickness(peer) {
  const bits = 8 * ((peer.rx_rate ?? 0) + (peer.tx_rate ?? 0));
  return (1.5 + Math.min(5, Math.max(0, Math.log10(bits / 1e4 + 1)))).toFixed(1);
}

export class MeshMap {
  #svg;
  #hint;
  #links;
  #nodes;
  #labels;
  #on_select;
  #model = null;
  #selected = SELF;
  #wanted = "";
  #hovered = null;
  #focused = null;
  #size = { width: 0, height: 0 };
  #zoom = { scale: 1, x: 0, y: 0 };
  #drag = null;
  #spots = []; // of this node and its peers: {key, x, y} from the centre
  #widths = new Map(); // of texts that were measured

  // `on_select(key)`: the node that was gone to.
  constructor(svg, hint, on_select) {
    this.#svg = svg;
    this.#hint = hint;
    [this.#links, this.#nodes, this.#labels] = ["links", "nodes", "labels"].map((id) => svg.querySelector(`#${id}`));
    this.#on_select = on_select;
    new ResizeObserver(() => this.draw()).observe(svg);
    svg.addEventListener("keydown", (event) => this.#on_key(event));
    svg.addEventListener("focusin", (event) => this.#on_focus(event.target.closest("[data-key]")?.dataset.key ?? null));
    svg.addEventListener("focusout", () => this.#on_focus(null));
    svg.addEventListener("pointerover", (event) => this.#on_hover(event.target.closest("[data-key]")?.dataset.key ?? null));
    svg.addEventListener("pointerleave", () => this.#on_hover(null));
    svg.addEventListener("click", (event) => this.#on_click(event.target.closest("[data-key]")));
    svg.addEventListener("wheel", (event) => this.#on_wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => (this.#drag = { x: event.clientX, y: event.clientY, far: false }));
    svg.addEventListener("pointermove", (event) => this.#on_move(event));
    svg.addEventListener("pointerup", () => (this.#drag = this.#drag?.far ? { done: true } : null));
  }

  // `wanted`: nodes that do not match it are dim.
  show(model, selected, wanted) {
    this.#model = model;
    this.#selected = selected;
    this.#wanted = wanted;
    this.draw();
  }

  // Around a place on the map, or its middle.
  zoom_in(at) {
    this.#zoom_to(this.#zoom.scale * ZOOM_STEP, at);
  }
  zoom_out(at) {
    this.#zoom_to(this.#zoom.scale / ZOOM_STEP, at);
  }
  zoom_reset() {
    this.#zoom_to(1);
  }

  focus(key) {
    this.#node(key)?.focus();
  }

  // Labels that cover one another or another node's dot: for tests.
  overlaps() {
    const boxes = [...this.#labels.children].map((label) => ({ key: label.dataset.key, box: label.getBoundingClientRect() }));
    const dots = [...this.#nodes.children].map((node) => ({
      key: node.dataset.key,
      box: node.querySelector("rect, .dot").getBoundingClientRect(),
    }));
    let number = 0;
    boxes.forEach(({ key, box }, i) => {
      number += boxes.slice(i + 1).filter((other) => overlap(box, other.box)).length;
      number += dots.filter((dot) => dot.key !== key && overlap(box, dot.box)).length;
    });
    return number;
  }

  // ---- Drawing -----------------------------------------------------------------------------------
  draw() {
    this.#size = { width: this.#svg.clientWidth, height: this.#svg.clientHeight };
    if (this.#model === null || this.#size.width === 0) return;
    const { peers } = this.#model;
    const around = places(peers.length, this.#size);
    this.#spots = [{ key: SELF, x: 0, y: 0 }, ...peers.map((peer, i) => ({ key: peer.key, ...around[i] }))];
    this.#hold_in_view();
    put(this.#svg, "class", this.#all_labelled() ? "few" : "many");
    put_text(this.#hint, this.#hint_text());
    this.#draw_links();
    this.#draw_nodes();
    this.#draw_labels();
  }

  #hint_text() {
    if (this.#model.peers.length === 0) return "No peers yet: weft token create here, then weft join on another machine";
    return this.#all_labelled() ? "" : "Names: point at a node, zoom in, or use the list";
  }

  #draw_links() {
    const from = this.#screen(0);
    keep_children(this.#links, this.#model.peers.map((peer, i) => ({ peer, to: this.#screen(i + 1) })), {
      key: ({ peer }) => peer.key,
      make: () => shape("line"),
      update: (line, { peer, to }) => {
        const chosen = peer.key === this.#selected || peer.key === this.#hovered;
        put(line, "class", `link${chosen ? " chosen" : ""}${this.#is_dim(peer) ? " dim" : ""}`);
        put(line, "data-health", peer.health);
        put(line, "stroke-width", thickness(peer));
        put(line, "x1", from.x.toFixed(1));
        put(line, "y1", from.y.toFixed(1));
        put(line, "x2", to.x.toFixed(1));
        put(line, "y2", to.y.toFixed(1));
      },
    });
  }

  #draw_nodes() {
    const { node } = this.#model.mesh;
    const radius = this.#radius();
    const self = { key: SELF, name: node.name };
    keep_children(this.#nodes, [self, ...this.#model.peers].map((peer, i) => ({ peer, at: this.#screen(i) })), {
      key: ({ peer }) => peer.key,
      make: ({ peer }) => (peer === self ? this.#make_self() : this.#make_node(peer.key)),
      update: (group, { peer, at }) => {
        const { circles, mark } = group.parts;
        put(group, "transform", `translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`);
        put(group, "aria-selected", peer.key === this.#selected);
        put(group, "tabindex", peer.key === (this.#focused ?? this.#selected) ? 0 : -1);
        if (peer === self) {
          this.#update_self(group, node);
          return;
        }
        put(group, "class", `node${this.#is_dim(peer) ? " dim" : ""}`);
        put(group, "data-health", peer.health);
        put(group, "aria-label", [peer.name, peer.health === "up" ? "session up" : peer.word, ...peer.status.blocks].join(", "));
        circles.forEach((circle, i) => put(circle, "r", [radius + 7, radius + 4, radius][i]));
        put_text(mark, peer.health === "down" && radius > DOT.many ? "!" : "");
      },
    });
  }

  #make_node(key) {
    const circles = ["area", "ring", "dot"].map((name) => shape("circle", { class: name }));
    const mark = shape("text", { class: "mark", y: 4 });
    const group = shape("g", { role: "option", "data-key": key }, ...circles, mark);
    group.parts = { circles, mark };
    return group;
  }

  #make_self() {
    const rects = [shape("rect", { class: "dot", rx: 13 }), shape("rect", { class: "ring", rx: 16 })];
    const texts = [shape("text", { class: "title", y: -3 }), shape("text", { class: "note", y: 13 })];
    const group = shape("g", { role: "option", class: "node self", "data-key": SELF }, ...rects, ...texts);
    group.parts = { rects, texts };
    return group;
  }

  #update_self(group, node) {
    const note = node.blocks[0] ?? "this node";
    const name = shortened(node.name, LABEL_WIDTH, 13, TITLE_FONT);
    const width = Math.max(PILL.width_min, this.#width(name, 13, TITLE_FONT) + 34, this.#width(note, 11) + 34);
    const { height } = PILL;
    const { rects, texts } = group.parts;
    rects.forEach((rect, i) => {
      const grown = 4 * i;
      put(rect, "x", (-width / 2 - grown).toFixed(1));
      put(rect, "y", -height / 2 - grown);
      put(rect, "width", (width + 2 * grown).toFixed(1));
      put(rect, "height", height + 2 * grown);
    });
    texts.forEach((text, i) => put_text(text, [name, note][i]));
    put(group, "aria-label", `${node.name}, this node, ${node.blocks.join(", ")}`);
  }

  #draw_labels() {
    const labels = this.#all_labelled() ? this.#all_labels() : this.#labels_on_demand();
    keep_children(this.#labels, labels, {
      key: ({ peer }) => peer.key,
      make: ({ peer }) =>
        shape("g", { "data-key": peer.key }, shape("rect", { rx: 7 }), ...["title", "block", "note"].map((name) => shape("text", { class: name }))),
      update: (group, label) => this.#update_label(group, label),
    });
  }

  // Each peer's, outside of the ellipse.
  #all_labels() {
    const lines = lines_at(this.#model.peers.length, this.#size);
    return this.#model.peers.map((peer, i) => {
      const text = this.#label_text(peer, lines);
      const side = this.#spots[i + 1].x < 0 ? -1 : 1;
      const place = { ...this.#screen(i + 1), width: text.width, height: LINE * text.rows.length, side, gap: this.#radius() + 10 };
      return { peer, ...text, box: box_of(place), pad: 0 };
    });
  }

  // That of the node that is pointed at or gone to; zoomed in, as many as have room.
  #labels_on_demand() {
    const { peers } = this.#model;
    const asked = [this.#focused, this.#hovered].filter((key) => key !== null && key !== SELF);
    const zoomed = this.#zoom.scale >= ZOOM_WITH_LABELS ? peers.filter((peer) => !this.#is_dim(peer)).map((peer) => peer.key) : [];
    const keys = [...new Set([...asked, ...zoomed])].filter((key) => this.#model.by_key.has(key));
    const wanted = keys.map((key) => {
      const index = this.#spots.findIndex((spot) => spot.key === key);
      const text = this.#label_text(peers[index - 1], asked.includes(key) ? 3 : 1);
      const [width, height] = [text.width + 18, LINE * text.rows.length + 10];
      return { index, text, ...this.#screen(index), width, height, side: this.#spots[index].x < 0 ? -1 : 1 };
    });
    return fit_labels(wanted, [this.#pill_box()], this.#size).map(({ index, box }) => {
      const { text } = wanted.find((label) => label.index === index);
      return { peer: peers[index - 1], ...text, box, pad: 9 };
    });
  }

  #label_text(peer, lines) {
    const title = shortened(peer.name, LABEL_WIDTH, 13, TITLE_FONT);
    const block = peer.status.blocks[0] ?? "";
    const rows = [title];
    if (lines > 2 && block !== "") rows.push(block);
    if (lines > 1) rows.push(note_of(peer));
    const widths = rows.map((row, i) => (i === 0 ? this.#width(row, 13, TITLE_FONT) : this.#width(row, 11.5)));
    return { rows, width: Math.max(...widths) };
  }

  #update_label(group, { peer, rows, box, pad }) {
    put(group, "class", `label${this.#is_dim(peer) ? " dim" : ""}`);
    put(group, "data-health", peer.health);
    put(group, "transform", `translate(${box.x.toFixed(1)} ${box.y.toFixed(1)})`);
    const [rect, ...texts] = group.children;
    put(rect, "width", box.width.toFixed(1));
    put(rect, "height", box.height);
    const first = box.height / 2 + 4.5 - (LINE * (rows.length - 1)) / 2;
    const shown = [rows[0], rows.length > 2 ? rows[1] : "", rows.length > 1 ? rows.at(-1) : ""];
    let y = first;
    texts.forEach((text, i) => {
      put(text, "x", box.side > 0 ? pad : (box.width - pad).toFixed(1));
      put(text, "y", y);
      put(text, "text-anchor", box.side > 0 ? "start" : "end");
      put_text(text, shown[i]);
      if (shown[i] !== "") y += LINE;
    });
  }

  // ---- Measures ----------------------------------------------------------------------------------
  #all_labelled() {
    return is_labelled(this.#model.peers.length, this.#size);
  }
  #radius() {
    return this.#model.peers.length <= FEW_MAX ? DOT.few : this.#all_labelled() ? 7 : DOT.many;
  }
  #centre() {
    return { x: this.#size.width / 2, y: this.#size.height / 2 };
  }
  #screen(index) {
    const { x, y } = this.#centre();
    const spot = this.#spots[index];
    return { x: x + this.#zoom.x + spot.x * this.#zoom.scale, y: y + this.#zoom.y + spot.y * this.#zoom.scale };
  }
  #pill_box() {
    const rect = this.#nodes.querySelector(".self rect");
    const [width, height] = ["width", "height"].map((name) => Number(rect.getAttribute(name)));
    const at = this.#screen(0);
    return { x: at.x - width / 2, y: at.y - height / 2, width, height };
  }
  #width(text, size, weight) {
    const key = `${size} ${weight} ${text}`;
    if (this.#widths.size > 4000) this.#widths.clear();
    if (!this.#widths.has(key)) this.#widths.set(key, width_of(text, size, weight));
    return this.#widths.get(key);
  }
  #is_dim(peer) {
    return this.#wanted !== "" && !matches(peer, this.#wanted);
  }
  #node(key) {
    return [...this.#nodes.children].find((node) => node.dataset.key === key);
  }

  // ---- Going about -------------------------------------------------------------------------------
  #zoom_to(scale, at = this.#centre()) {
    const { x, y } = this.#centre();
    const next = Math.min(ZOOM_MAX, Math.max(1, scale));
    const grown = next / this.#zoom.scale;
    this.#zoom = {
      scale: next,
      x: at.x - x - (at.x - x - this.#zoom.x) * grown,
      y: at.y - y - (at.y - y - this.#zoom.y) * grown,
    };
    this.draw();
  }

  // The map's middle may go to its edge, no further.
  #hold_in_view() {
    const held = (value, size) => Math.min(1, Math.max(-1, value / (size * (this.#zoom.scale - 1) || 1))) * size * (this.#zoom.scale - 1);
    this.#zoom.x = held(this.#zoom.x, this.#size.width / 2);
    this.#zoom.y = held(this.#zoom.y, this.#size.height / 2);
  }

  #on_wheel(event) {
    event.preventDefault();
    const { left, top } = this.#svg.getBoundingClientRect();
    this.#zoom_to(this.#zoom.scale * Math.exp(-event.deltaY / 400), { x: event.clientX - left, y: event.clientY - top });
  }

  #on_move(event) {
    if (!this.#drag || this.#drag.done || event.buttons !== 1) return;
    const [dx, dy] = [event.clientX - this.#drag.x, event.clientY - this.#drag.y];
    if (!this.#drag.far && Math.hypot(dx, dy) < DRAG_MIN) return;
    this.#drag = { x: event.clientX, y: event.clientY, far: true };
    this.#zoom.x += dx;
    this.#zoom.y += dy;
    this.draw();
  }

  #on_click(target) {
    const dragged = this.#drag?.done;
    this.#drag = null;
    if (target && !dragged) this.focus(target.dataset.key);
  }

  #on_hover(key) {
    if (key === this.#hovered) return;
    this.#hovered = key;
    this.#draw_links();
    this.#draw_labels();
  }

  #on_focus(key) {
    this.#focused = key;
    if (key === null || this.#model === null) return;
    this.#bring_into_view(this.#spots.findIndex((spot) => spot.key === key));
    this.#on_select(key);
  }

  #bring_into_view(index) {
    const at = this.#screen(index);
    const inset = 40;
    this.#zoom.x += Math.max(0, inset - at.x) - Math.max(0, at.x - this.#size.width + inset);
    this.#zoom.y += Math.max(0, inset - at.y) - Math.max(0, at.y - this.#size.height + inset);
  }

  #on_key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = this.#spots.findIndex((spot) => spot.key === this.#focused);
    const here = at < 0 ? undefined : this.#screen(at);
    const last = this.#spots.length - 1;
    const actions = {
      "+": () => this.zoom_in(here),
      "=": () => this.zoom_in(here),
      "-": () => this.zoom_out(here),
      0: () => this.zoom_reset(),
      Home: () => this.focus(this.#spots[Math.min(1, last)].key),
      End: () => this.focus(this.#spots[last].key),
      Escape: () => this.focus(SELF),
    };
    for (const arrow of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) {
      actions[arrow] = () => {
        const next = at < 0 ? null : neighbour(this.#spots, at, arrow);
        if (next !== null) this.focus(this.#spots[next].key);
      };
    }
    if (actions[event.key] === undefined) return;
    event.preventDefault();
    actions[event.key]();
  }
}
