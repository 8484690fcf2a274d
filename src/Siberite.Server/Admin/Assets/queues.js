// Keeps the page of queues fresh. Text goes in as text, never as HTML: queue names are chosen by clients.
"use strict";

const refreshMilliseconds = 2000;
const answerMilliseconds = 5000;
const view = { filter: "", sort: "items", order: "desc" };
const element = id => document.getElementById(id);
let lastAnswer = new Date();
let timer = 0;
let asked = 0;

async function refresh() {
  clearTimeout(timer);
  const number = ++asked;
  try {
    const answer = await fetch("api/queues?" + new URLSearchParams(view), {
      cache: "no-store", signal: AbortSignal.timeout(answerMilliseconds),
    });
    if (!answer.ok) {
      throw new Error(answer.status);
    }

    const report = await answer.json();
    if (number === asked) { // Otherwise the filter or order changed meanwhile.
      lastAnswer = new Date();
      show(report);
    }
  } catch {
    if (number === asked) {
      showLost();
    }
  }

  if (number === asked) {
    timer = setTimeout(refresh, refreshMilliseconds);
  }
}

function show(report) {
  const { silo, totals } = report;
  document.body.classList.remove("stale");
  element("pulse").className = "fresh";
  showBanner(silo.trouble ? `This silo is not healthy: ${silo.trouble}.` : "");
  showAway(report.silos.filter(other => other.isAway));
  set("version", silo.version);
  set("uptime", duration(silo.uptimeSeconds));
  set("connections", count(silo.connections));
  set("durability", silo.durability);
  set("store", silo.storeId);
  set("directory", silo.dataDirectory);
  set("free", bytes(silo.freeBytes));
  set("total-queues", count(totals.queues));
  set("total-items", count(totals.items));
  set("total-bytes", bytes(totals.bytes));
  set("total-open", count(totals.openReads));
  set("total-waiters", count(totals.waiters));
  set("total-delayed", count(totals.delayed));
  set("total-in", rate(totals.inPerSecond));
  set("total-out", rate(totals.outPerSecond));
  set("note", noteOf(report));
  showRows(report.queues);
}

function showLost() {
  document.body.classList.add("stale");
  element("pulse").className = "stale";
  showBanner(`The server cannot be reached. These figures are of ${lastAnswer.toLocaleTimeString()}.`);
}

function showBanner(text) {
  set("trouble", text);
  element("trouble").hidden = !text;
}

function showAway(away) {
  const items = count(away.reduce((sum, silo) => sum + silo.items, 0));
  set("away", away.length === 0 ? ""
    : `Away: ${away.map(silo => silo.name).join(", ")}. Queues that have their home there, with `
      + `${items} items when last heard of, are unavailable and not shown.`);
  element("away").hidden = away.length === 0;
}

function noteOf(report) {
  if (report.matching > report.queues.length) {
    return `The first ${count(report.queues.length)} of ${count(report.matching)} queues are shown.`;
  }

  if (report.totals.queues === 0) {
    return "No queues yet. The first set makes one.";
  }

  return view.filter ? `${count(report.matching)} of ${count(report.totals.queues)} queues match.` : "";
}

// Rows are reused and touched only where they changed, so that a selection survives a refresh.
function showRows(queues) {
  const body = element("rows");
  while (body.rows.length > queues.length) {
    body.deleteRow(-1);
  }

  queues.forEach((queue, index) => {
    const row = body.rows[index] ?? body.insertRow();
    const texts = [
      queue.name, queue.isUnreadable ? "unreadable" : count(queue.items),
      bytes(queue.bytes), duration(queue.oldestSeconds), count(queue.openReads), count(queue.waiters),
      count(queue.delayed), count(queue.deadLetters), rate(queue.inPerSecond), rate(queue.outPerSecond), queue.silo,
      queue.state,
    ];
    texts.forEach((text, column) => {
      const cell = row.cells[column] ?? row.insertCell();
      setText(cell, text);
      cell.classList.toggle("none", column > 0 && (text === "0" || text === "–" || text === "0 B"));
    });
    row.cells[0].title = queue.name;
    if (!row.querySelector("button.open")) {
      (row.cells[texts.length] ?? row.insertCell()).append(newOpenButton());
    }
  });
}

function newOpenButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "open";
  button.textContent = "Open";
  return button;
}

function set(id, text) {
  setText(element(id), text);
}

function setText(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

function count(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

function bytes(value) {
  if (value === null) {
    return "–";
  }

  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }

  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

function duration(value) {
  if (value === null) {
    return "–";
  }

  const whole = Math.floor(value);
  const part = (size, of) => Math.floor(whole % of / size);
  return whole < 60 ? `${whole} s`
    : whole < 3600 ? `${part(60, 3600)} min ${whole % 60} s`
    : whole < 86400 ? `${part(3600, 86400)} h ${part(60, 3600)} min`
    : `${Math.floor(whole / 86400)} d ${part(3600, 86400)} h`;
}

function rate(value) {
  return value === null ? "–" : value > 0 && value < 10 ? value.toFixed(1) : count(value);
}

function sortBy(key) {
  const startsDescending = key !== "name";
  view.order = view.sort === key
    ? (view.order === "desc" ? "asc" : "desc")
    : (startsDescending ? "desc" : "asc");
  view.sort = key;
  for (const button of document.querySelectorAll("th button")) {
    const heading = button.parentElement;
    if (button.dataset.sort === key) {
      heading.setAttribute("aria-sort", view.order === "desc" ? "descending" : "ascending");
    } else {
      heading.removeAttribute("aria-sort");
    }
  }

  refresh();
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.dataset.sort));
}

element("filter").addEventListener("input", event => {
  view.filter = event.target.value.trim();
  refresh();
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer); // A hidden page asks for nothing.
  if (!document.hidden) {
    refresh();
  }
});

refresh();
