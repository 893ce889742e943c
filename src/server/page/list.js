// SPDX-License-Identifier: Apache-2.0
// The same nodes as a table: sorted by any column, for many nodes and for who does not see the map.

import { element, keep_children, loss, put, put_text, rate, time_of } from "./format.js";
import { matches } from "./model.js";

const WORST_FIRST = { down: 0, unsure: 1, idle: 2, up: 3 };

// title, class of its cells, text, value to sort by (null: last)
const COLUMNS = [
  { title: "Node", text: (peer) => peer.name, by: (peer) => peer.name },
  { title: "State", text: (peer) => peer.word, by: (peer) => WORST_FIRST[peer.health] },
  { title: "Round trip", number: true, text: (peer) => time_of(peer.status.rtt_us), by: (peer) => peer.status.rtt_us },
  { title: "Loss", number: true, text: (peer) => loss(peer.status.loss_ppm), by: (peer) => peer.status.loss_ppm },
  { title: "Receiving", number: true, text: (peer) => rate(peer.rx_rate), by: (peer) => peer.rx_rate },
  { title: "Sending", number: true, text: (peer) => rate(peer.tx_rate), by: (peer) => peer.tx_rate },
  { title: "Block", text: (peer) => peer.status.blocks[0] ?? peer.status.allowed_ips[0] ?? "–", by: (peer) => peer.status.blocks[0] ?? null },
  { title: "Endpoint", text: (peer) => peer.status.endpoint ?? "–", by: (peer) => peer.status.endpoint },
];

const collator = new Intl.Collator("en", { numeric: true });

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" ? a - b : collator.compare(a, b);
}

export class MeshList {
  #body = element("tbody");
  #heads;
  #sorted = { by: 0, sign: 1 };
  #on_select;
  #shown = null;

  constructor(parent, on_select) {
    this.#on_select = on_select;
    this.#heads = COLUMNS.map(({ title, number }, i) => {
      const button = element("button", { type: "button" }, title);
      button.addEventListener("click", () => this.#sort_by(i));
      return element("th", { scope: "col", class: number ? "number" : "" }, button);
    });
    parent.append(element("table", { "aria-label": "Peers" }, element("thead", {}, element("tr", {}, ...this.#heads)), this.#body));
  }

  // The peers that match; tells how many.
  show(model, selected, wanted) {
    this.#shown = { model, selected, wanted };
    const { by, sign } = this.#sorted;
    const peers = model.peers.filter((peer) => wanted === "" || matches(peer, wanted));
    peers.sort((a, b) => sign * compare(COLUMNS[by].by(a), COLUMNS[by].by(b)) || collator.compare(a.name, b.name));
    this.#heads.forEach((head, i) => put(head, "aria-sort", i !== by ? "none" : sign > 0 ? "ascending" : "descending"));
    keep_children(this.#body, peers, {
      key: (peer) => peer.key,
      make: (peer) => this.#make_row(peer),
      update: (row, peer) => {
        put(row, "aria-selected", peer.key === selected);
        put(row, "data-health", peer.health);
        COLUMNS.forEach((column, i) => put_text(i === 0 ? row.children[0].firstChild : row.children[i], column.text(peer)));
      },
    });
    return peers.length;
  }

  #make_row(peer) {
    const button = element("button", { type: "button", title: peer.name });
    button.addEventListener("click", () => this.#on_select(peer.key));
    const cells = COLUMNS.slice(1).map(({ title, number }) => element("td", { class: title === "State" ? "state" : number ? "number" : "" }));
    return element("tr", {}, element("th", { scope: "row" }, button), ...cells);
  }

  #sort_by(column) {
    this.#sorted = { by: column, sign: this.#sorted.by === column ? -this.#sorted.sign : 1 };
    const { model, selected, wanted } = this.#shown;
    this.show(model, selected, wanted);
  }
}
