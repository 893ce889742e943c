// SPDX-License-Identifier: Apache-2.0
// What is beside the map: the headline, problems with their remedies, a node in detail, recent events.

import { bytes, count, duration, element, keep_children, loss, put, put_text, rate, shape, since, time_of } from "./format.js";

const EVENTS_SHOWN = 40;
const CHART = { width: 320, height: 44 };

function show_pairs(list, pairs) {
  keep_children(list, pairs.flatMap(([name, value]) => [{ tag: "dt", name, value: name }, { tag: "dd", name, value }]), {
    key: ({ tag, name }) => `${tag} ${name}`,
    make: ({ tag }) => element(tag),
    update: (item, { value }) => put_text(item, value),
  });
}

// ---- The headline ----------------------------------------------------------------------------------
export function show_headline({ name, verdict, facts }, model) {
  const { mesh } = model;
  const problems = mesh.problems.filter((problem) => problem.severity !== "info").length;
  const worded = problems === 0 ? "" : `, ${problems} ${problems === 1 ? "problem" : "problems"}`;
  document.title = `${mesh.verdict === "healthy" ? "" : "! "}${mesh.node.name} · weft`;
  put_text(name, mesh.node.name);
  put(verdict, "data-verdict", mesh.verdict);
  put_text(verdict, `${mesh.verdict}${worded}`);
  keep_children(
    facts,
    [
      ["Peers up", `${model.up} of ${model.peers.length}`],
      ["Receiving", rate(model.rx_rate)],
      ["Sending", rate(model.tx_rate)],
      ["Block", mesh.node.blocks[0] ?? "–"],
      ["Cipher", mesh.isa.chosen],
      ["Up for", duration(mesh.node.uptime_s)],
    ],
    {
      key: ([label]) => label,
      make: ([label]) => element("div", {}, element("dt", {}, label), element("dd")),
      update: (item, [, value]) => put_text(item.lastChild, value),
    },
  );
}

// ---- Problems --------------------------------------------------------------------------------------
// `on_select(key)`: where the subject is a peer.
export function show_problems(list, problems, peers, on_select) {
  const items = problems.map((problem, i) => ({ problem, i, peer: peers.find((peer) => peer.name === problem.subject) }));
  keep_children(list, items, {
    key: ({ problem, peer, i }) => JSON.stringify([i, problem, peer?.key]),
    make: ({ problem, peer }) => problem_item(problem, peer, on_select),
    update: () => {},
  });
  if (items.length === 0) {
    list.replaceChildren(element("li", { class: "quiet" }, "None: all is as it should be."));
  } else {
    list.querySelector(".quiet")?.remove();
  }
}

function problem_item(problem, peer, on_select) {
  const subject = element(peer ? "button" : "span", peer ? { type: "button", class: "subject" } : { class: "subject" }, problem.subject);
  if (peer) subject.addEventListener("click", () => on_select(peer.key));
  const severity = element("span", { class: "severity", role: "img", "aria-label": problem.severity }, problem.severity === "info" ? "i" : "!");
  const item = element(
    "li",
    { class: "problem", "data-severity": problem.severity },
    severity,
    subject,
    element("p", {}, problem.cause),
  );
  if (problem.remedy !== "") item.append(element("p", { class: "try" }, "Try: ", element("code", {}, problem.remedy)));
  return item;
}

// ---- A node in detail ------------------------------------------------------------------------------
export function show_detail(section, model, selected) {
  const peer = model.by_key.get(selected);
  section.parts ??= make_detail(section);
  const { title, problems, chart, caption, pairs } = section.parts;
  put_text(title, peer ? peer.name : `${model.mesh.node.name} (this node)`);
  problems.hidden = !peer || peer.problems.length === 0;
  if (!problems.hidden) show_problems(problems, peer.problems, [], () => {});
  const history = peer ? peer.history : whole_history(model);
  show_chart(chart, history);
  put_text(caption.firstChild, `receiving ${rate(peer ? peer.rx_rate : model.rx_rate)}`);
  put_text(caption.lastChild, `sending ${rate(peer ? peer.tx_rate : model.tx_rate)}`);
  show_pairs(pairs, peer ? pairs_of_peer(peer, model.mesh) : pairs_of_self(model.mesh));
}

function make_detail(section) {
  const parts = {
    title: element("h2", { id: "detail_title" }),
    problems: element("ul", { class: "problems" }),
    chart: shape(
      "svg",
      { class: "chart", viewBox: `0 0 ${CHART.width} ${CHART.height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      shape("path", { class: "floor", d: `M0 ${CHART.height - 1}H${CHART.width}` }),
      shape("path", { class: "out" }),
      shape("path", { class: "in" }),
    ),
    caption: element("p", { class: "caption" }, element("span"), element("span")),
    pairs: element("dl", { class: "pairs" }),
  };
  section.append(...Object.values(parts));
  return parts;
}

// Of all peers together, as far back as all of them were there.
function whole_history(model) {
  const all = model.peers.map((peer) => peer.history).filter((history) => history.length > 0);
  const length = Math.min(...all.map((history) => history.length), Infinity);
  if (!Number.isFinite(length)) return [];
  return Array.from({ length }, (_, i) => {
    const entries = all.map((history) => history[history.length - length + i]);
    return { rx: entries.reduce((sum, entry) => sum + entry.rx, 0), tx: entries.reduce((sum, entry) => sum + entry.tx, 0) };
  });
}

function show_chart(chart, history) {
  const most = Math.max(1, ...history.map((entry) => Math.max(entry.rx, entry.tx)));
  const step = CHART.width / 89; // 90 polls
  const path = (pick) =>
    history
      .map((entry, i) => {
        const x = CHART.width - (history.length - 1 - i) * step;
        const y = CHART.height - 2 - (pick(entry) / most) * (CHART.height - 6);
        return `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join("");
  put(chart.querySelector(".in"), "d", path((entry) => entry.rx));
  put(chart.querySelector(".out"), "d", path((entry) => entry.tx));
}

const listed = (values) => (values.length > 0 ? values.join(", ") : "–");

function pairs_of_peer({ status, word }, mesh) {
  const others = status.allowed_ips.filter((prefix) => !status.blocks.includes(prefix));
  const pairs = [
    ["State", word === "up" ? "session up" : word],
    ["Handshake", since(status.last_handshake_ms, mesh.now_ms)],
    ["Round trip", time_of(status.rtt_us)],
    ["Loss", loss(status.loss_ppm)],
    ["Blocks", listed(status.blocks)],
    ["Endpoint", status.endpoint ?? "none: it has to call"],
    ["Path", status.path ?? "–"],
    ["MTU", count(status.mtu)],
    ["Received", `${bytes(status.rx_bytes)} in ${count(status.rx_packets)} packets`],
    ["Sent", `${bytes(status.tx_bytes)} in ${count(status.tx_packets)} packets`],
    ["Known by", { static: "configuration", gossip: "gossip", uapi: "wg" }[status.origin] ?? status.origin],
  ];
  if (others.length > 0) pairs.splice(5, 0, ["Also routed", others.join(", ")]);
  if (status.id !== null) pairs.push(["Identity", status.id]);
  return pairs;
}

function pairs_of_self({ node, isa, offload, workers, drops, version }) {
  const on = Object.keys(offload).filter((name) => offload[name]);
  const lost = Object.entries(drops).filter(([, number]) => number > 0);
  const pairs = [
    ["Version", `weft ${version}`],
    ["Interface", `${node.interface}, MTU ${node.mtu}`],
    ["Blocks", listed(node.blocks)],
    ["UDP port", String(node.listen_port)],
    ["Cipher", isa.chosen],
    ["Also possible", listed(isa.available.filter((name) => name !== isa.chosen))],
    ["Offloads", listed(on.map((name) => name.replace("_", " ")))],
    ["Workers", String(workers)],
    ["Dropped", lost.length > 0 ? lost.map(([reason, number]) => `${reason} ${count(number)}`).join(", ") : "nothing"],
  ];
  if (node.id !== null) pairs.push(["Identity", node.id]);
  return pairs;
}

// ---- Events ----------------------------------------------------------------------------------------
export function show_events(list, events) {
  const shown = events.slice(-EVENTS_SHOWN).reverse();
  const times = new Map();
  const items = shown.map((event) => {
    const text = JSON.stringify(event);
    times.set(text, (times.get(text) ?? 0) + 1);
    return { event, key: `${times.get(text)} ${text}` };
  });
  keep_children(list, items, { key: ({ key }) => key, make: ({ event }) => event_item(event), update: () => {} });
}

function event_item({ time_ms, level, event, fields, suppressed }) {
  const time = new Date(time_ms);
  const told = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  if (suppressed > 0) told.push(`and ${suppressed} before it`);
  return element(
    "li",
    { "data-level": level },
    element("time", { datetime: time.toISOString(), title: time.toLocaleString() }, time.toLocaleTimeString("en-GB")),
    element("p", {}, element("b", {}, event.replaceAll("_", " ")), " ", element("span", {}, told.join(", "))),
  );
}
