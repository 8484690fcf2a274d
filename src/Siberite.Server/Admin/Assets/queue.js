// The dialog of one queue: what is in it, what it is told, and what an operator does with it. Text goes in as text.
"use strict";

const shown = { name: "", isPaused: false };

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    cache: "no-store",
    headers: { "Siberite-Operator": "page", ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30000),
  });
  const text = await answer.text();
  const json = text ? JSON.parse(text) : null;
  if (!answer.ok) {
    throw new Error(json?.detail ?? `The server answers ${answer.status}.`);
  }

  return json;
}

function pathOf(name, rest = "") {
  return `api/queues/${encodeURIComponent(name)}${rest}`;
}

async function openQueue(name) {
  shown.name = name;
  say("");
  set("queue-name", name);
  element("redrive-to").value = name.endsWith("_errors") ? name.slice(0, -"_errors".length) : "";
  element("queue-rows").replaceChildren();
  element("setting-rows").replaceChildren();
  element("queue-dialog").showModal();
  await attempt(showQueue);
}

async function showQueue() {
  const [queue, page, told] = await Promise.all([
    ask("GET", pathOf(shown.name)),
    ask("GET", pathOf(shown.name, "/items?count=20&cut=200")),
    ask("GET", pathOf(shown.name, "/settings")),
  ]);
  shown.isPaused = queue.isPaused;
  set("queue-facts", factsOf(queue));
  set("queue-counts", countsOf(queue.homes));
  set("queue-cursors", cursorsOf(queue.homes));
  set("pause", queue.isPaused ? "Resume" : "Pause");
  fill("queue-rows", page.items.map(item => [
    String(item.sequence), new Date(item.enqueuedAt).toLocaleString(),
    item.expiresAt ? new Date(item.expiresAt).toLocaleString() : "never", String(item.flags), bytes(item.bytes),
    String(item.deliveries), item.isOpen ? "open" : "",
    (item.text ?? `base64 ${item.payload}`) + (item.isCut ? " …" : ""),
  ]));
  fill("setting-rows", told.settings.map(setting => [
    setting.key, setting.value,
    { code: "built in", runTime: "run time" }[setting.origin] ?? `file, section ${setting.section}`,
  ]));
}

function factsOf(queue) {
  const silos = queue.homes.map(home => home.silo).join(", ");
  const delayed = queue.delayed > 0 ? `, ${count(queue.delayed)} more are not due yet` : "";
  return `${count(queue.items)} items, ${bytes(queue.bytes)}${delayed}; `
    + `${queue.mode.toLowerCase()}, on ${silos || "no silo yet"}`
    + (queue.isPaused ? "; paused: reads are refused" : "");
}

function countsOf(homes) {
  const sum = key => count(homes.reduce((total, home) => total + home[key], 0));
  return `${sum("openReads")} open, ${sum("waiters")} clients wait. Since the start: ${sum("taken")} taken, `
    + `${sum("closed")} closed, ${sum("aborted")} given back, ${sum("failed")} opened in vain, `
    + `${sum("retried")} kept back, ${sum("deadLetters")} dead letters, ${sum("expired")} expired, `
    + `${sum("discarded")} discarded, ${sum("duplicates")} duplicates refused.`;
}

function cursorsOf(homes) {
  const cursors = homes.flatMap(home => home.cursors.map(cursor =>
    `${cursor.name} is ${count(cursor.items)} items behind, ${count(cursor.openReads)} open`));
  return (homes.some(home => home.isHeldByCursors) ? "Held by cursors: they keep more than CursorWarningBytes. " : "")
    + (cursors.length > 0 ? `Cursors: ${cursors.join("; ")}.` : "");
}

function fill(id, rows) {
  element(id).replaceChildren(...rows.map(texts => {
    const row = document.createElement("tr");
    texts.forEach(text => row.insertCell().textContent = text);
    return row;
  }));
}

function say(text) {
  set("queue-note", text);
}

// One thing at a time: what failed is said, and the figures are right afterwards.
async function attempt(act) {
  const buttons = element("queue-dialog").querySelectorAll("button:not([value=close])");
  buttons.forEach(button => button.disabled = true);
  try {
    await act();
  } catch (failure) {
    say(failure.message);
  } finally {
    buttons.forEach(button => button.disabled = false);
  }
}

function confirmed(question) {
  const dialog = element("confirm-dialog");
  set("confirm-text", question);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener(
    "close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

async function pause() {
  await attempt(async () => {
    await ask("POST", pathOf(shown.name, shown.isPaused ? "/resume" : "/pause"));
    say(shown.isPaused ? "Reads are served again." : "Reads are refused until you resume the queue. Sets go on.");
    await showQueue();
  });
}

async function purge() {
  if (await confirmed(`Drop every item that waits in ${shown.name}? They cannot be brought back.`)) {
    await attempt(async () => {
      await ask("POST", pathOf(shown.name, "/purge"));
      say("Purged.");
      await showQueue();
    });
  }
}

async function remove() {
  if (await confirmed(`Delete ${shown.name} with all its items and settings? They cannot be brought back.`)) {
    await attempt(async () => {
      await ask("DELETE", pathOf(shown.name));
      element("queue-dialog").close();
    });
  }
}

async function redrive() {
  const to = element("redrive-to").value.trim();
  if (!to) {
    say("Say which queue the items go to.");
    return;
  }

  if (await confirmed(`Move the items of ${shown.name} to the tail of ${to}?`)) {
    await attempt(() => redriveTo(to));
  }
}

async function redriveTo(to) {
  // Counted first: what comes back while this runs is not moved in circles.
  const total = (await ask("GET", pathOf(shown.name))).items;
  let moved = 0;
  let part = { isOver: total === 0 };
  while (!part.isOver && moved < total) {
    const query = new URLSearchParams({ to, count: Math.min(1000, total - moved) });
    part = await ask("POST", pathOf(shown.name, `/redrive?${query}`));
    moved += part.moved;
    say(`${count(moved)} of ${count(total)} items moved to ${to}.` + (part.trouble ? ` ${part.trouble}` : ""));
  }

  await showQueue();
}

element("rows").addEventListener("click", event => {
  if (event.target.matches("button.open")) {
    openQueue(event.target.closest("tr").cells[0].textContent);
  }
});
element("queue-dialog").addEventListener("close", () => refresh());
element("pause").addEventListener("click", pause);
element("purge").addEventListener("click", purge);
element("delete").addEventListener("click", remove);
element("redrive").addEventListener("click", redrive);
for (const button of document.querySelectorAll("dialog button[value]")) {
  button.addEventListener("click", () => button.closest("dialog").close(button.value));
}
