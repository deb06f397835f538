// The columns: which cards are in them, how to search them, and how the keys move among them.
"use strict";

// So many cards of a column are drawn at first, and so many more each time: a column may have thousands.
const STEP = 100;

// What a search looks at, in lower case; made when somebody searches first.
let haystacks = null;
const haystack = (card) =>
  [card.id, card.title, card.assignee, card.tenant, card.by, card.body, card.result, card.error].join("\n").toLowerCase();

const columns = data.columns.map((status, column) => {
  const section = document.querySelectorAll(".column")[column];
  section.querySelector("p.more")?.remove();
  return {
    status,
    section,
    list: section.querySelector(".cards"),
    count: section.querySelector(".count"),
    none: section.querySelector(".none"),
    total: section.querySelector(".count").textContent,
    found: [],
    drawn: 0,
    more: null,
  };
});

function cardButton(place) {
  const card = cards[place];
  const held = (parentsOf.get(place) ?? []).filter((edge) => edge.open);
  const facts = [
    make("span", { class: "id" }, card.id),
    card.assignee && make("span", {}, card.assignee),
    card.tenant && make("span", {}, card.tenant),
    card.priority && make("span", {}, "priority " + card.priority),
    card.failures && make("span", { class: "bad" }, card.failures + " failed"),
    held.length > 0 && make("span", {}, held.length === 1 ? `waits for ${idOf(held[0].parent)}` : `waits for ${held.length}`),
  ].filter(Boolean);
  const button = make("button", { type: "button", class: "card", "data-place": place, tabindex: "-1" },
    make("span", { class: "card-title", dir: "auto" }, card.title), " ",
    make("span", { class: "card-facts" }, ...facts.flatMap((fact) => [fact, " "])));
  return make("li", {}, button);
}

// Draws the next cards of a column.
function drawMore(column) {
  const next = column.found.slice(column.drawn, column.drawn + STEP);
  column.list.append(...next.map(cardButton));
  column.drawn += next.length;
  column.more?.remove();
  const left = column.found.length - column.drawn;
  column.more = null;
  if (left > 0) {
    const button = make("button", { type: "button", class: "quiet" },
      `Show ${number(Math.min(STEP, left))} more`, make("span", { class: "unseen" }, ` of ${number(left)} in ${column.status}`));
    button.addEventListener("click", () => {
      const first = column.drawn;
      drawMore(column);
      column.list.children[first].firstChild.focus();
    });
    column.more = make("p", { class: "more" }, button);
    column.section.append(column.more);
  }
}

// Exactly one card of each column is a stop of the Tab key; the arrows do the rest.
function makeStop(column, button) {
  column.list.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  button?.setAttribute("tabindex", "0");
}

function drawColumn(column, filtered) {
  column.list.replaceChildren();
  column.drawn = 0;
  drawMore(column);
  makeStop(column, column.list.querySelector(".card"));
  column.none.hidden = column.found.length > 0;
  column.count.textContent = filtered ? `${number(column.found.length)} of ${number(Number(column.total))}` : number(Number(column.total));
}

const search = byId("search");
const choices = { column: byId("by-column"), assignee: byId("by-assignee"), tenant: byId("by-tenant") };

// Fills a choice with the values that occur, each with its count.
function offer(select, values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b));
  for (const [value, count] of sorted) {
    const shown = value === "" ? "nobody" : value;
    // Beside a value of its own, because "" means all.
    select.append(make("option", { value: "=" + value }, `${shown} (${number(count)})`));
  }
  select.closest("label").hidden = sorted.length < 2;
}
offer(choices.assignee, cards.map((card) => card.assignee ?? ""));
offer(choices.tenant, cards.map((card) => card.tenant ?? ""));
byId("by-tenant").querySelectorAll("option").forEach((option) => {
  if (option.value === "=") option.textContent = option.textContent.replace("nobody", "none");
});
data.columns.forEach((status, at) => choices.column.append(make("option", { value: "=" + at }, status)));

function filter() {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const [column, assignee, tenant] = [choices.column.value, choices.assignee.value, choices.tenant.value];
  const filtered = wanted.length > 0 || column !== "" || assignee !== "" || tenant !== "";
  if (wanted.length > 0) haystacks ??= cards.map(haystack);
  for (const each of columns) each.found = [];
  let count = 0;
  cards.forEach((card, place) => {
    if (column !== "" && column !== "=" + card.column) return;
    if (assignee !== "" && assignee !== "=" + (card.assignee ?? "")) return;
    if (tenant !== "" && tenant !== "=" + (card.tenant ?? "")) return;
    if (!wanted.every((word) => haystacks[place].includes(word))) return;
    columns[card.column].found.push(place);
    count += 1;
  });
  for (const each of columns) drawColumn(each, filtered);
  byId("found").textContent = filtered
    ? `${number(count)} of ${counted(cards.length, "card")} found`
    : counted(cards.length, "card");
}

// A search begins when the typing pauses.
let waiting = 0;
search.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(filter, 120);
});
byId("filters").addEventListener("change", (event) => {
  if (event.target !== search) filter();
});
byId("filters").addEventListener("submit", (event) => event.preventDefault());
// The fields are empty only after this event.
byId("filters").addEventListener("reset", () => setTimeout(filter));

const board = document.querySelector(".columns");
board.addEventListener("click", (event) => {
  const button = event.target.closest(".card");
  if (button) openCard(Number(button.dataset.place), button);
});
board.addEventListener("focusin", (event) => {
  const button = event.target.closest(".card");
  const column = button && columns.find((each) => each.list.contains(button));
  if (column) makeStop(column, button);
});

// The card of another column that is nearest by its place, beyond empty columns.
function beside(column, index, step) {
  for (let at = columns.indexOf(column) + step; at >= 0 && at < columns.length; at += step) {
    const list = columns[at].list.children;
    if (list.length > 0) return list[Math.min(index, list.length - 1)].firstChild;
  }
  return null;
}

board.addEventListener("keydown", (event) => {
  const button = event.target.closest(".card");
  if (!button || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const column = columns.find((each) => each.list.contains(button));
  const list = column.list.children;
  const index = [...list].indexOf(button.parentElement);
  const at = (place) => list[place]?.firstChild;
  const moves = {
    ArrowDown: () => at(index + 1) ?? column.more?.firstChild,
    ArrowUp: () => at(index - 1),
    ArrowRight: () => beside(column, index, 1),
    ArrowLeft: () => beside(column, index, -1),
    Home: () => at(0),
    End: () => at(list.length - 1),
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  moves[event.key]()?.focus();
});
