// What happens when the page is opened: the parts begin, and the keys and the theme that hold everywhere.
"use strict";

document.documentElement.classList.add("scripts");
for (const part of document.querySelectorAll(".scripted")) part.hidden = false;

filter();
startGraph();
startTimeline();

// How long ago the page was made; what ticks keep up to date must never be much older than an hour.
function age() {
  const now = Date.now() / 1000;
  for (const element of document.querySelectorAll(".age")) {
    const since = now - Number(element.dataset.since);
    element.textContent = since < 5 ? "(just now)" : `(${span(since)} ago)`;
  }
  const old = now - data.made;
  const late = data.kept && old > 2 * 3600;
  byId("outdated").hidden = !late;
  if (late) byId("outdated").textContent = `This page is ${span(old)} old and should be made anew every hour: nothing ticks any more, or the page cannot be written.`;
}
age();
setInterval(age, 30000);

// The theme: that of the system, or the other one if somebody says so.
const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const kept = {
  get() {
    try {
      return localStorage.getItem("kanban-theme");
    } catch {
      return null;
    }
  },
  set(theme) {
    try {
      localStorage.setItem("kanban-theme", theme);
    } catch {
      // Then it holds until the page is closed.
    }
  },
};
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
function nameTheme() {
  byId("theme").textContent = isDark() ? "Light theme" : "Dark theme";
}
if (["light", "dark"].includes(kept.get())) root.dataset.theme = kept.get();
byId("theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  kept.set(root.dataset.theme);
  nameTheme();
});
systemDark.addEventListener("change", nameTheme);
nameTheme();

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), select, textarea");
  if (event.key === "/" && byId("slash").checked && !typing && !dialog.open && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape" && event.target === search && search.value !== "") {
    event.preventDefault();
    search.value = "";
    filter();
  } else if (event.key === "ArrowDown" && event.target === search) {
    event.preventDefault();
    document.querySelector(".columns .card")?.focus();
  }
});

// An address that names a card opens it.
function followAddress() {
  const place = placeOf.get(decodeURIComponent(location.hash.slice(1)));
  if (place !== undefined) openCard(place);
}
addEventListener("hashchange", followAddress);
followAddress();
