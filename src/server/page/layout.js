// SPDX-License-Identifier: Apache-2.0
// Where nodes and their labels are: by their number and the map's size alone, so that nothing moves by itself.
//
// Few nodes stand on an ellipse, as high one above the other on each side as the map allows, their labels outside of
// it: no two can overlap. Many fill the ellipse like the seeds of a sunflower; labels are then placed one by one where
// there is room for them.

export const LABELLED_MAX = 60; // peers; with more, a label is shown on demand
export const LABEL_WIDTH = 178;

export const LINE = 15; // height of a label's line
const BETWEEN = 3; // labels
const LINES_MAX = 3;
const MARGIN = 30;
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

export function is_labelled(number, size) {
  return number <= LABELLED_MAX && lines_at(number, size) > 0;
}

// Lines that each label has room for.
export function lines_at(number, size) {
  const each = (2 * radii(size, true).y) / Math.ceil(number / 2);
  return Math.min(LINES_MAX, Math.floor((each - BETWEEN) / LINE));
}

function radii(size, with_labels) {
  return {
    x: Math.max(90, size.width / 2 - (with_labels ? LABEL_WIDTH + MARGIN : MARGIN)),
    y: Math.max(60, size.height / 2 - MARGIN),
  };
}

// [{x, y}] of the peers from the map's centre, which is this node.
export function places(number, size) {
  return is_labelled(number, size) ? on_ellipse(number, radii(size, true)) : as_seeds(number, radii(size, false));
}

// Clockwise from the top: down the right side, then up the left one.
function on_ellipse(number, radius) {
  const right = Math.ceil(number / 2);
  return Array.from({ length: number }, (_, i) => {
    const side = i < right ? 1 : -1;
    const [rank, of] = side > 0 ? [i, right] : [number - 1 - i, number - right];
    const height = ((rank + 0.5) / of) * 2 - 1;
    return { x: side * radius.x * Math.sqrt(1 - height * height), y: height * radius.y };
  });
}

function as_seeds(number, radius) {
  const hole = Math.max(3, number * 0.045); // for this node itself
  return Array.from({ length: number }, (_, i) => {
    const far = Math.sqrt((i + hole) / (number - 1 + hole));
    return { x: far * radius.x * Math.cos(i * GOLDEN_ANGLE), y: far * radius.y * Math.sin(i * GOLDEN_ANGLE) };
  });
}

// Of places on the screen, those whose labels have room: [{index, box}]. First come, first served.
// `wanted`: [{index, x, y, width, height, side}], `taken`: boxes that are there already.
export function fit_labels(wanted, taken, size) {
  const boxes = [...taken];
  const fitted = [];
  for (const label of wanted) {
    const box = [label.side, -label.side]
      .map((side) => box_of({ ...label, side }))
      .find((at) => is_inside(at, size) && !boxes.some((other) => overlap(at, other)));
    if (box === undefined) continue;
    boxes.push(box);
    fitted.push({ index: label.index, box });
  }
  return fitted;
}

export function box_of({ x, y, width, height, side, gap = 14 }) {
  return { x: side > 0 ? x + gap : x - gap - width, y: y - height / 2, width, height, side };
}

export function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function is_inside(box, size) {
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height;
}

// The index of the place that an arrow key leads to from place `from`, or null: near, and in that direction.
export function neighbour(all, from, key) {
  const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  let best = null;
  let least = Infinity;
  all.forEach((place, i) => {
    const along = (place.x - all[from].x) * dx + (place.y - all[from].y) * dy;
    const across = Math.abs((place.x - all[from].x) * dy) + Math.abs((place.y - all[from].y) * dx);
    if (i === from || along < 1 || across > 3 * along) return;
    const cost = along + 2 * across;
    if (cost < least) [best, least] = [i, cost];
  });
  return best;
}
