// SPDX-License-Identifier: Apache-2.0
// Asks weftd what there is, each two seconds while somebody looks, and has it shown.

import { put, put_text } from "./format.js";
import { MeshList } from "./list.js";
import { MeshMap } from "./map.js";
import { SELF, build_model, matches } from "./model.js";
import { show_detail, show_events, show_headline, show_problems } from "./panels.js";

const POLL_MS = 2000;
const ANSWER_MAX_MS = 8000;

const parts = Object.fromEntries([...document.querySelectorAll("[id]")].map((part) => [part.id, part]));
const state = { model: null, selected: SELF, wanted: "", as_list: false };
const map = new MeshMap(parts.canvas, parts.hint, select);
const list = new MeshList(parts.list, select);

function show() {
  const { model, wanted } = state;
  if (model === null) return;
  if (!model.by_key.has(state.selected)) state.selected = SELF;
  show_headline({ name: parts.name, verdict: parts.verdict, facts: parts.facts }, model);
  show_problems(parts.problems, model.mesh.problems, model.peers, go_to);
  show_events(parts.events, model.mesh.events);
  show_nodes();
  const found = model.peers.filter((peer) => matches(peer, wanted)).length;
  put_text(parts.found, wanted === "" ? "" : `${found} of ${model.peers.length}`);
}

function show_nodes() {
  const { model, selected, wanted, as_list } = state;
  show_detail(parts.detail, model, selected);
  if (as_list) {
    list.show(model, selected, wanted);
  } else {
    map.show(model, selected, wanted);
  }
}

function select(key) {
  state.selected = key;
  show_nodes();
}

// To a node from elsewhere on the page.
function go_to(key) {
  select(key);
  if (!state.as_list) map.focus(key);
}

function show_as(as_list) {
  state.as_list = as_list;
  parts.map.hidden = as_list;
  parts.list.hidden = !as_list;
  parts.zoom.hidden = as_list;
  put(parts.as_list, "aria-pressed", as_list);
  put(parts.as_map, "aria-pressed", !as_list);
  if (state.model !== null) show_nodes();
}

function found_first() {
  const first = state.model?.peers.find((peer) => matches(peer, state.wanted));
  if (first) go_to(first.key);
}

// ---- Asking ----------------------------------------------------------------------------------------
async function ask() {
  const answer = await fetch("/page/mesh.json", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MAX_MS) });
  if (!answer.ok) throw new Error(`weftd answers with ${answer.status}`);
  return answer.json();
}

async function poll() {
  if (document.hidden && state.model !== null) return;
  try {
    state.model = build_model(await ask(), state.model);
    parts.banner.hidden = true;
    show();
  } catch (error) {
    console.warn(error);
    put_text(parts.banner, "weftd does not answer: what is shown is not of now. Asking again.");
    parts.banner.hidden = false;
  }
}

async function go_on() {
  await poll();
  setTimeout(go_on, POLL_MS);
}

parts.find.addEventListener("input", () => {
  state.wanted = parts.find.value.trim().toLowerCase();
  show();
});
parts.find.addEventListener("keydown", (event) => {
  if (event.key === "Enter") found_first();
});
parts.as_map.addEventListener("click", () => show_as(false));
parts.as_list.addEventListener("click", () => show_as(true));
parts.skip.addEventListener("click", (event) => {
  event.preventDefault();
  show_as(true);
  parts.list.focus();
});
parts.zoom_in.addEventListener("click", () => map.zoom_in());
parts.zoom_out.addEventListener("click", () => map.zoom_out());
parts.zoom_reset.addEventListener("click", () => map.zoom_reset());
document.addEventListener("visibilitychange", () => void poll());

// For tests, and for the curious.
window.weft_page = { overlaps: () => map.overlaps(), model: () => state.model };

void go_on();
