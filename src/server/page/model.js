// SPDX-License-Identifier: Apache-2.0
// What mesh.json says, as the page shows it: health in a word, rates as differences of counters between two polls.
// Pure.

const HISTORY_MAX = 90; // polls
const RATES_GAP_MAX_MS = 60_000; // a longer gap says nothing about now
const LOSS_UNSURE_PPM = 20_000;

export const SELF = "self";

function troubles(mesh) {
  const by_subject = new Map();
  for (const problem of mesh.problems) {
    const told = by_subject.get(problem.subject) ?? [];
    told.push(problem);
    by_subject.set(problem.subject, told);
  }
  return by_subject;
}

// [health, in a word]
function health_of(peer, problems) {
  if (problems.some((problem) => problem.severity !== "info") && peer.session !== "up") return ["down", "does not answer"];
  if (peer.member === "dead") return ["down", "not reached"];
  if (peer.member === "left") return ["idle", "has left"];
  if (peer.member === "suspect") return ["unsure", "suspected"];
  if (peer.session === "handshaking") return ["unsure", "handshaking"];
  if (peer.session === "up") {
    return (peer.loss_ppm ?? 0) >= LOSS_UNSURE_PPM ? ["unsure", "loses packets"] : ["up", "up"];
  }
  return ["idle", "no session"];
}

// Of a counter, in a second; null where nothing can be said.
function rate_of(now, before, milliseconds) {
  if (before === undefined || milliseconds > RATES_GAP_MAX_MS || now < before) return null;
  return ((now - before) * 1000) / milliseconds;
}

// An answer to two pages at once is the same twice: then rates stay.
function measured(peer, before, milliseconds) {
  if (before && milliseconds === 0) return { rx_rate: before.rx_rate, tx_rate: before.tx_rate, history: before.history };
  const rx_rate = milliseconds > 0 ? rate_of(peer.rx_bytes, before?.status.rx_bytes, milliseconds) : null;
  const tx_rate = milliseconds > 0 ? rate_of(peer.tx_bytes, before?.status.tx_bytes, milliseconds) : null;
  const history = before ? before.history : [];
  const entry = rx_rate === null || tx_rate === null ? [] : [{ rx: rx_rate, tx: tx_rate }];
  return { rx_rate, tx_rate, history: [...history, ...entry].slice(-HISTORY_MAX) };
}

function sum(values) {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null;
}

// `before`: what was built of the last answer, or null.
export function build_model(mesh, before) {
  const problems_of = troubles(mesh);
  const milliseconds = before ? mesh.now_ms - before.mesh.now_ms : -1;
  const times = new Map();
  const peers = mesh.peers.map((status) => {
    const nth = times.get(status.name) ?? 0;
    times.set(status.name, nth + 1);
    const key = `${nth} ${status.name}`;
    const problems = problems_of.get(status.name) ?? [];
    const [health, word] = health_of(status, problems);
    return { key, name: status.name, health, word, problems, status, ...measured(status, before?.by_key.get(key), milliseconds) };
  });
  return {
    mesh,
    peers,
    by_key: new Map(peers.map((peer) => [peer.key, peer])),
    rx_rate: sum(peers.map((peer) => peer.rx_rate)),
    tx_rate: sum(peers.map((peer) => peer.tx_rate)),
    up: peers.filter((peer) => peer.status.session === "up").length,
  };
}

export function matches(peer, wanted) {
  const { endpoint, blocks, allowed_ips } = peer.status;
  return [peer.name, endpoint ?? "", ...blocks, ...allowed_ips].some((text) => text.toLowerCase().includes(wanted));
}
