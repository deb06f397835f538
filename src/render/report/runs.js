// The line of time: a lane for each worker, a bar for each run.
"use strict";

// More bars than this are no picture, and more lanes no overview.
const BARS_MAX = 2000;
const LANES_MAX = 16;
// Runs side by side in one lane; further ones are drawn over them.
const DEPTH_MAX = 4;
const LANE = { name: 130, bar: 13, gap: 3, pad: 9 };
const LIST_MAX = 100;

const endOf = (run) => run.end ?? data.made;

// The runs of some time, newest first, and the time that they span.
function within(seconds) {
  const from = seconds > 0 ? data.made - seconds : Math.min(data.made - 60, ...data.runs.map((run) => run.start));
  return { from, to: data.made, runs: data.runs.filter((run) => endOf(run) >= from) };
}

function lanesOf(runs) {
  const lanes = [...byCard(runs, (run) => run.worker)].map(([worker, list]) => ({ worker, list }));
  lanes.sort((a, b) => b.list.length - a.list.length);
  return lanes;
}

// The rows of a lane: a run goes into the first in which it fits.
function stack(list, room) {
  const ends = [];
  const rows = new Map();
  for (const run of [...list].sort((a, b) => a.start - b.start)) {
    let row = ends.findIndex((end) => end <= run.start);
    if (row < 0) row = Math.min(ends.length, DEPTH_MAX - 1);
    ends[row] = Math.max(endOf(run), run.start + room);
    rows.set(run, row);
  }
  return { rows, depth: Math.max(1, ends.length) };
}

// Whole hours or days, few enough to be read.
function ticks(from, to, width) {
  const steps = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 84 * 86400, 364 * 86400];
  const most = Math.max(2, Math.floor(width / 90));
  const step = steps.find((each) => (to - from) / each <= most) ?? (to - from) / most;
  const spell = step >= 86400 ? dayOnly : to - from > 86400 ? shortMoment : timeOnly;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) found.push([at, spell(at)]);
  return found;
}

const title = (run) => `${brief(run.card)}: ${words(run.outcome)}, ${run.worker || "nobody"}, ${moment(run.start)}, ${took(run)}`;

function drawTimeline() {
  const seconds = Number(document.querySelector('[name="range"]:checked').value);
  const { from, to, runs } = within(seconds);
  const place = byId("timeline");
  const width = Math.max(place.clientWidth, 280);
  const left = width < 520 ? 84 : LANE.name;
  const scale = (width - left - 12) / (to - from || 1);
  const x = (at) => left + Math.max(0, at - from) * scale;
  const lanes = lanesOf(runs);
  const shown = lanes.slice(0, LANES_MAX);
  const parts = [];
  let [y, bars] = [6, 0];
  const drawn = new Set(runs.slice(0, BARS_MAX));
  for (const lane of shown) {
    const list = lane.list.filter((run) => drawn.has(run));
    const { rows, depth } = stack(list, 3 / scale);
    const height = depth * (LANE.bar + LANE.gap) - LANE.gap + 2 * LANE.pad;
    const fits = Math.floor((left - 18) / 7.2);
    const name = lane.worker || "nobody";
    const short = [...name].length > fits ? [...name].slice(0, fits - 1).join("") + "…" : name;
    parts.push(draw("text", { class: "axis label", x: 10, y: y + height / 2 + 4 }, short));
    for (const run of list) {
      const [start, end] = [x(run.start), x(endOf(run))];
      const bar = draw("rect", {
        class: "bar " + verdict(run.outcome), x: start.toFixed(1), y: y + LANE.pad + rows.get(run) * (LANE.bar + LANE.gap),
        width: Math.max(3, end - start).toFixed(1), height: LANE.bar,
      }, draw("title", {}, title(run)));
      bar.addEventListener("click", () => openCard(run.card));
      parts.push(bar);
      bars += 1;
    }
    y += height;
    parts.push(draw("line", { class: "lane", x1: 0, x2: width, y1: y, y2: y }));
  }
  const grid = ticks(from, to, width - left).flatMap(([at, text]) => [
    draw("line", { class: "grid", x1: x(at), x2: x(at), y1: 0, y2: y }),
    draw("text", { class: "axis middle", x: Math.min(Math.max(x(at), left + 20), width - 34), y: y + 18 }, text),
  ]);
  const now = draw("line", { class: "now", x1: x(to), x2: x(to), y1: 0, y2: y });
  const said = sentence({ runs, from }, lanes, shown, bars);
  const picture = draw("svg", { width, height: y + 28, role: "img", "aria-label": "Runs on a line of time. " + said }, hatching(), ...grid, ...parts, now);
  place.replaceChildren(picture);
  place.hidden = runs.length === 0;
  byId("timeline-said").textContent = said;
  listRuns(runs);
}

// Other drawings have it too, but one that is not shown fills nothing.
function hatching() {
  return draw("defs", {}, draw("pattern", { id: "hatch-runs", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    draw("rect", { class: "hatch-ground", width: 6, height: 6 }), draw("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 6 })));
}

function sentence({ runs, from }, lanes, shown, bars) {
  if (runs.length === 0) return "Nothing ran in this time.";
  const failed = runs.filter((run) => verdict(run.outcome) === "bad").length;
  const parts = [`${counted(runs.length, "run")} by ${counted(lanes.length, "worker")}, ${number(failed)} failed.`];
  if (bars < runs.length) parts.push(`Drawn are the newest ${number(bars)}, of the busiest ${counted(shown.length, "worker")}.`);
  // The list is of the newest: where it ends within this time, there are more.
  if (data.older.runs && from < data.runs.at(-1).start) parts.push("Older runs are not on this page.");
  return parts.join(" ");
}

function listRuns(runs) {
  const table = byId("run-table");
  const newest = runs.slice(0, LIST_MAX);
  table.caption.textContent = newest.length < runs.length ? `The newest ${newest.length} of ${counted(runs.length, "run")} in this time` : counted(runs.length, "run") + " in this time";
  table.tBodies[0].replaceChildren(...newest.map((run) => {
    const card = cardOf(run.card);
    const name = card
      ? make("a", { href: "#" + card.id, "data-place": run.card }, card.title)
      : make("span", { class: "id" }, idOf(run.card));
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, run.worker || "-"),
      make("td", {}, timeElement(run.start, shortMoment)), make("td", {}, took(run)),
      make("td", {}, outcomeElement(run.outcome)), make("td", { class: "long" }, run.note));
  }));
}

function startTimeline() {
  if (data.runs.length === 0) {
    document.querySelector(".timeline-tools").remove();
    byId("timeline").remove();
    byId("run-list").remove();
    return;
  }
  byId("run-table").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    openCard(Number(link.dataset.place), link);
  });
  // The first range in which something happened.
  const counts = [86400, 604800].map((seconds) => within(seconds).runs.length);
  const first = counts[0] >= 5 ? "86400" : counts[1] > 0 ? "604800" : "0";
  document.querySelector(`[name="range"][value="${first}"]`).checked = true;
  byId("range").addEventListener("change", drawTimeline);
  drawTimeline();
  let width = byId("runs").clientWidth;
  new ResizeObserver(() => {
    if (byId("runs").clientWidth === width) return;
    width = byId("runs").clientWidth;
    drawTimeline();
  }).observe(byId("runs"));
}
