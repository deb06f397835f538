// A card as a whole, in a dialog.
"use strict";

const dialog = byId("card");
// What had the focus before the dialog, to give it back.
let openedFrom = null;

function openCard(place, from) {
  const card = cardOf(place);
  if (!card) return;
  if (!dialog.open) openedFrom = from ?? document.activeElement;
  byId("card-kicker").textContent = `${card.id} · ${statusOf(card)}`;
  byId("card-title").textContent = card.title;
  byId("card-body").replaceChildren(...cardParts(card, place));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  byId("card-title").focus();
  remember("#" + card.id);
}

// The address names the card, so that it can be handed on; a page that may not change it works all the same.
function remember(hash) {
  try {
    history.replaceState(null, "", hash || location.pathname + location.search);
  } catch {
    // Some viewers of files forbid it.
  }
}

dialog.addEventListener("close", () => {
  remember("");
  // Where it was opened from may be gone: filtered away meanwhile.
  if (openedFrom?.isConnected) openedFrom.focus();
  openedFrom = null;
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
byId("card-close").addEventListener("click", () => dialog.close());

function cardParts(card, place) {
  const facts = [
    ["Assignee", card.assignee ?? "nobody"],
    ["Priority", card.priority],
    ["Tenant", card.tenant],
    ["Created", [timeElement(card.created), card.by ? " by " + card.by : ""]],
    ["Started", card.started && [timeElement(card.started)]],
    ["Ended", card.ended && [timeElement(card.ended)]],
    ["Not before", card.not_before && [timeElement(card.not_before)]],
    ["Failures", card.failures && card.failures + " in a row"],
  ];
  const rows = facts.filter(([, value]) => value).map(([name, value]) =>
    make("div", { class: "fact" }, make("dt", {}, name), make("dd", {}, ...(Array.isArray(value) ? value : [String(value)]))));
  const parts = [make("dl", { class: "facts" }, ...rows.flatMap((row) => [...row.childNodes]))];
  const text = (title, said, kind = "") => {
    if (said) parts.push(make("h3", {}, title), make("div", { class: "said " + kind, dir: "auto" }, said));
  };
  text("Last failure", card.error, "bad");
  text("Text", card.body);
  text("Result", card.result);
  neighbours(parts, "Waits for", parentsOf.get(place), (edge) => edge.parent);
  neighbours(parts, "Releases", childrenOf.get(place), (edge) => edge.child);
  if (parentsOf.has(place) || childrenOf.has(place)) {
    const show = make("button", { class: "quiet", type: "button" }, "Show in the graph");
    show.addEventListener("click", () => {
      openedFrom = null;
      dialog.close();
      showGraph(place, "focus");
    });
    parts.push(make("p", {}, show));
  }
  runTable(parts, runsOf.get(place) ?? []);
  comments(parts, commentsOf.get(place) ?? []);
  happenings(parts, eventsOf.get(place) ?? []);
  return parts;
}

function neighbours(parts, title, list, end) {
  if (!list) return;
  const items = list.map((edge) => {
    const other = end(edge);
    const card = cardOf(other);
    const state = [card ? statusOf(card) : "archived", edge.on ? "on " + edge.on : "", edge.open ? "still holds" : ""];
    const said = state.filter(Boolean).join(", ");
    if (!card) return make("li", {}, make("span", { class: "id" }, idOf(other)), ` (${said})`);
    const button = make("button", { type: "button" },
      make("span", { class: "card-title" }, card.title), make("span", { class: "state" }, `${card.id} · ${said}`));
    button.addEventListener("click", () => openCard(other));
    return make("li", {}, button);
  });
  parts.push(make("h3", {}, `${title} (${list.length})`), make("ul", { class: "neighbours" }, ...items));
}

function runTable(parts, runs) {
  if (runs.length === 0) return;
  const heads = ["Started", "Worker", "Took", "Outcome", "Why"].map((name) => make("th", { scope: "col" }, name));
  const rows = runs.map((run) => make("tr", {},
    make("td", {}, timeElement(run.start, shortMoment)),
    make("td", {}, run.worker || "-"),
    make("td", {}, took(run)),
    make("td", {}, outcomeElement(run.outcome), run.code ? " exit " + run.code : run.signal ? " signal " + run.signal : ""),
    make("td", { class: "long" }, run.note)));
  const title = `Runs (${runs.length}${data.older.runs ? " of the newest on this page" : ""})`;
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  parts.push(make("h3", {}, title), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs of this card" }, table));
}

function comments(parts, list) {
  if (list.length === 0) return;
  const items = list.map(([, author, body, at]) => make("li", {},
    make("p", { class: "by" }, author + ", ", timeElement(at)), make("div", { class: "said", dir: "auto" }, body)));
  parts.push(make("h3", {}, `Comments (${list.length})`), make("ul", { class: "comments" }, ...items));
}

function happenings(parts, list) {
  if (list.length === 0) return;
  const items = list.map(([, kind, at]) => make("li", {}, timeElement(at), make("span", {}, words(kind))));
  const more = data.older.events ? ", as far as it is on this page" : "";
  parts.push(make("h3", {}, `What happened (${list.length}${more})`), make("ul", { class: "history" }, ...items));
}
