// What the other scripts share: the board as it was read, making elements, and writing times.
// Text becomes text and never markup: elements are made one by one, here.
"use strict";

const { data, cards } = JSON.parse(document.getElementById("data").textContent);

// A parent or child that is not among the cards is known by its id alone.
const cardOf = (place) => (typeof place === "number" ? cards[place] : undefined);
const idOf = (place) => (typeof place === "number" ? cards[place].id : place);
const statusOf = (card) => data.columns[card.column];
const placeOf = new Map(cards.map((card, place) => [card.id, place]));

// Lists by card, made from one list of all: what waits for what, the runs, what was said, what happened.
function byCard(list, place) {
  const found = new Map();
  for (const entry of list) {
    const at = place(entry);
    if (!found.has(at)) found.set(at, []);
    found.get(at).push(entry);
  }
  return found;
}
const edges = data.edges.map(([parent, child, open, on]) => ({ parent, child, open, on }));
const parentsOf = byCard(edges, (edge) => edge.child);
const childrenOf = byCard(edges, (edge) => edge.parent);
const runsOf = byCard(data.runs, (run) => run.card);
const commentsOf = byCard(data.comments, (comment) => comment[0]);
const eventsOf = byCard(data.events, (event) => event[0]);

const byId = (id) => document.getElementById(id);

// An element with attributes and children; a child that is a string is text, and one that is missing is left out.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== ""));
  return element;
}

function draw(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// Times are in the zone of the board's machine, wherever they are read.
function formatter(zone) {
  // Swedish writes dates as the command line does.
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
}
let format;
try {
  format = formatter(data.zone);
} catch {
  // A zone that this browser does not know.
  format = formatter("UTC");
}
const moment = (seconds) => format.format(new Date(seconds * 1000));
// Without the year and the seconds; the day alone; the time alone.
const shortMoment = (seconds) => moment(seconds).slice(5, 16);
const dayOnly = (seconds) => moment(seconds).slice(5, 10);
const timeOnly = (seconds) => moment(seconds).slice(11, 16);
const timeElement = (seconds, spell = moment) =>
  make("time", { datetime: new Date(seconds * 1000).toISOString() }, spell(seconds));

// A length of time for people: two units at most.
function span(seconds) {
  const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  let rest = Math.max(0, Math.round(seconds));
  const first = units.findIndex(([, size]) => rest >= size);
  if (first < 0) return "0s";
  const parts = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(count + name);
  }
  return parts.join(" ");
}
const took = (run) => {
  const ms = run.ms ?? (run.end === null ? (data.made - run.start) * 1000 : null);
  if (ms === null) return "-";
  return ms < 10000 ? (ms / 1000).toFixed(1) + "s" : span(ms / 1000);
};

const number = (count) => count.toLocaleString("en-US");
const counted = (count, one, many = one + "s") => number(count) + " " + (count === 1 ? one : many);
const words = (name) => name.replaceAll("_", " ");

const BAD = new Set(["crashed", "lost", "timed_out", "spawn_failed", "protocol_violation", "stale", "failed", "gave_up", "error"]);
function verdict(outcome) {
  if (outcome === "completed" || outcome === "done") return "good";
  if (outcome === "running") return "running";
  return BAD.has(outcome) ? "bad" : "other";
}
const MARKS = { good: "✓", bad: "✗", other: "–", running: "▸" };
function outcomeElement(outcome) {
  const kind = verdict(outcome);
  return make("span", { class: "outcome " + kind }, make("span", { "aria-hidden": "true" }, MARKS[kind]), " " + words(outcome));
}

// The name of a card where there is no room for more.
const brief = (place) => (cardOf(place) ? cardOf(place).title : idOf(place));
const namesOf = (places, most = 3) => {
  const names = places.slice(0, most).map(brief).join(", ");
  return places.length > most ? `${names} and ${places.length - most} more` : names;
};
