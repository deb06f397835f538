// The graph of dependencies: one group of cards that hang together, or what is nearest to one card of it.
// Drawn from left to right: what is waited for stands left of what waits.
"use strict";

// More would be a picture that nobody can read.
const NODES_MAX = 80;
const NODE = { width: 190, height: 58, across: 66, down: 16, margin: 18 };

const linked = [...new Set(edges.flatMap((edge) => [edge.parent, edge.child]))];
const around = (place) => [
  ...(parentsOf.get(place) ?? []).map((edge) => edge.parent),
  ...(childrenOf.get(place) ?? []).map((edge) => edge.child),
];

// Cards in the order of their distance from one, as many as may be.
function nearest(start, most = Infinity) {
  const found = [start];
  const seen = new Set(found);
  for (let at = 0; at < found.length && found.length < most; at += 1) {
    for (const next of around(found[at])) {
      if (!seen.has(next) && found.length < most) {
        seen.add(next);
        found.push(next);
      }
    }
  }
  return found;
}

// Every card's group, and the groups: those with something open first, then the largest.
const groupOf = new Map();
const groups = [];
for (const place of linked) {
  if (groupOf.has(place)) continue;
  const members = nearest(place);
  const isOpen = (other) => cardOf(other) && !["done", "cancelled"].includes(statusOf(cardOf(other)));
  const group = { members, open: members.filter(isOpen).length };
  groups.push(group);
  for (const member of members) groupOf.set(member, group);
}
groups.sort((a, b) => (b.open > 0) - (a.open > 0) || b.members.length - a.members.length);

// The layer of each card is the longest way to it from a card that waits for none of those shown.
// What another program linked in a circle stays where it is first met.
function layers(shown, inside) {
  const layer = new Map();
  const waits = new Map(shown.map((place) => [place, inside.filter((edge) => edge.child === place).length]));
  const children = byCard(inside, (edge) => edge.parent);
  let ready = shown.filter((place) => waits.get(place) === 0);
  for (const place of ready) layer.set(place, 0);
  const placed = new Set();
  while (placed.size < shown.length) {
    if (ready.length === 0) ready = [shown.find((place) => !placed.has(place))];
    const place = ready.shift();
    if (placed.has(place)) continue;
    placed.add(place);
    if (!layer.has(place)) layer.set(place, 0);
    for (const { child } of children.get(place) ?? []) {
      if (placed.has(child)) continue;
      layer.set(child, Math.max(layer.get(child) ?? 0, layer.get(place) + 1));
      waits.set(child, waits.get(child) - 1);
      if (waits.get(child) === 0) ready.push(child);
    }
  }
  // What waits for nothing stands beside the first that waits for it, and not far away from it.
  for (const place of shown) {
    const near = (children.get(place) ?? []).map((edge) => layer.get(edge.child));
    if (near.length > 0 && !inside.some((edge) => edge.child === place)) layer.set(place, Math.max(0, Math.min(...near) - 1));
  }
  const rows = [];
  for (const place of shown) (rows[layer.get(place)] ??= []).push(place);
  // A circle may leave a layer without cards.
  return rows.filter((row) => row !== undefined);
}

// Orders each layer by the mean place of its neighbours in the one before, there and back, so that few lines cross.
function untangle(rows, inside) {
  const parents = byCard(inside, (edge) => edge.child);
  const children = byCard(inside, (edge) => edge.parent);
  const sweep = (order, links, end) => {
    for (const [before, at] of order) {
      const place = new Map(rows[before].map((card, i) => [card, i]));
      const mean = new Map(rows[at].map((card, i) => {
        const near = (links.get(card) ?? []).map((edge) => place.get(edge[end])).filter((p) => p !== undefined);
        return [card, near.length > 0 ? near.reduce((a, b) => a + b, 0) / near.length : i];
      }));
      rows[at].sort((a, b) => mean.get(a) - mean.get(b));
    }
  };
  const down = rows.slice(1).map((_, i) => [i, i + 1]);
  const up = down.map(([a, b]) => [b, a]).reverse();
  for (let round = 0; round < 4; round += 1) {
    sweep(down, parents, "parent");
    sweep(up, children, "child");
  }
}

function positions(rows) {
  const tallest = Math.max(...rows.map((row) => row.length));
  const at = new Map();
  rows.forEach((row, layer) => row.forEach((place, i) => {
    at.set(place, {
      x: NODE.margin + layer * (NODE.width + NODE.across),
      y: NODE.margin + (i + (tallest - row.length) / 2) * (NODE.height + NODE.down),
      layer,
      row: i,
    });
  }));
  const width = 2 * NODE.margin + rows.length * (NODE.width + NODE.across) - NODE.across;
  const height = 2 * NODE.margin + tallest * (NODE.height + NODE.down) - NODE.down;
  return { at, width, height };
}

function lines(inside, at, width, height) {
  const paths = inside.flatMap((edge) => {
    const [from, to] = [at.get(edge.parent), at.get(edge.child)];
    const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
    const [x2, y2] = [to.x - 7, to.y + NODE.height / 2];
    const bend = Math.max(34, (x2 - x1) / 2);
    const kind = edge.open ? " open" : "";
    return [
      draw("path", { class: kind.trim(), d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }),
      draw("path", { class: "arrow" + kind, d: `M${x2 + 6} ${y2}l-9 -5v10z` }),
    ];
  });
  return draw("svg", { width, height, "aria-hidden": "true" }, ...paths);
}

function node(place, { x, y }, centre) {
  const card = cardOf(place);
  const status = card ? statusOf(card) : "archived";
  const waits = (parentsOf.get(place) ?? []).filter((edge) => edge.open).map((edge) => edge.parent);
  const frees = (childrenOf.get(place) ?? []).map((edge) => edge.child);
  const who = card ? card.assignee ?? "nobody" : undefined;
  // All of the title, and what the lines say.
  const said = [
    [brief(place), status, who].filter(Boolean).join(", "),
    waits.length > 0 ? "waits for " + namesOf(waits) : "",
    frees.length > 0 ? "releases " + namesOf(frees) : "",
  ].filter(Boolean).join("; ");
  const button = make("button", { type: "button", class: place === centre ? "node centre" : "node", "data-status": status, tabindex: "-1", title: brief(place), "aria-label": said },
    make("b", {}, brief(place)), " ",
    make("span", {}, card ? `${status} · ${who}` : status));
  if (card) button.addEventListener("click", () => openCard(place, button));
  else button.setAttribute("aria-disabled", "true");
  const item = make("li", {}, button);
  // By the object model: the policy of the page forbids styles in markup, not this.
  item.style.left = x + "px";
  item.style.top = y + "px";
  return item;
}

const canvas = byId("graph");
let shownGraph = null;

// Draws a card's group, or what is nearest to it.
function showGraph(place, then) {
  const group = groupOf.get(place);
  const shown = group.members.length <= NODES_MAX ? group.members : nearest(place, NODES_MAX);
  const among = new Set(shown);
  const inside = edges.filter((edge) => among.has(edge.parent) && among.has(edge.child));
  const rows = layers(shown, inside);
  untangle(rows, inside);
  const { at, width, height } = positions(rows);
  const centre = shown.length < group.members.length || then === "focus" ? place : undefined;
  const items = rows.flat().map((each) => node(each, at.get(each), centre));
  const room = make("div", { class: "graph-room" }, lines(inside, at, width, height), make("ul", {}, ...items));
  room.style.width = width + "px";
  room.style.height = height + "px";
  canvas.replaceChildren(room);
  const buttons = new Map(rows.flat().map((each, i) => [each, items[i].firstChild]));
  shownGraph = { rows, at, buttons };
  buttons.get(centre ?? rows[0][0]).setAttribute("tabindex", "0");
  const all = counted(group.members.length, "card");
  byId("graph-said").textContent = shown.length < group.members.length
    ? `${number(shown.length)} of ${all} that hang together, those nearest to “${brief(place)}”. Open a card and choose “Show in the graph” to see what is around it.`
    : `${all} that hang together, ${counted(inside.length, "dependency", "dependencies")}. What is waited for stands left of what waits.`;
  offerGroup(group);
  byId("group").value = String(groups.indexOf(group));
  const button = buttons.get(place);
  if (then === "focus") {
    byId("dependencies").scrollIntoView();
    button.focus();
  }
  if (centre === undefined) {
    canvas.scrollLeft = 0;
    canvas.scrollTop = (height - canvas.clientHeight) / 2;
  } else {
    canvas.scrollLeft = at.get(place).x - (canvas.clientWidth - NODE.width) / 2;
    canvas.scrollTop = at.get(place).y - (canvas.clientHeight - NODE.height) / 2;
  }
}

canvas.addEventListener("keydown", (event) => {
  const button = event.target.closest(".node");
  if (!button || event.altKey || event.ctrlKey || event.metaKey) return;
  const { rows, at, buttons } = shownGraph;
  const [place] = [...buttons].find(([, each]) => each === button);
  const { layer, row } = at.get(place);
  const near = (list, end) => list?.map((edge) => edge[end]).find((other) => buttons.has(other));
  const moves = {
    ArrowUp: () => rows[layer][row - 1],
    ArrowDown: () => rows[layer][row + 1],
    ArrowLeft: () => near(parentsOf.get(place), "parent") ?? rows[layer - 1]?.[0],
    ArrowRight: () => near(childrenOf.get(place), "child") ?? rows[layer + 1]?.[0],
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  const next = buttons.get(moves[event.key]());
  if (!next) return;
  button.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
});

// Makes a group one of those that can be chosen.
function offerGroup(group) {
  const at = groups.indexOf(group);
  if (byId("group").querySelector(`[value="${at}"]`)) return;
  const [first] = group.members;
  byId("group").append(make("option", { value: at }, `${brief(first)} (${counted(group.members.length, "card")}, ${number(group.open)} open)`));
}

function startGraph() {
  if (groups.length === 0) {
    byId("graph-said").textContent = "No card waits for another.";
    canvas.remove();
    document.querySelector(".graph-tools").remove();
    return;
  }
  // A list of thousands helps nobody; any card's own group is one step away from the card.
  groups.slice(0, 200).forEach(offerGroup);
  byId("group").addEventListener("change", () => showGraph(groups[Number(byId("group").value)].members[0]));
  showGraph(groups[0].members[0]);
}
