// What a page does by itself: it keeps its figures new, and explains a mapping while it is edited.
// Without it, a page shows the same when it is loaded again or a form is sent.
"use strict";

const REFRESH_S = 5;
const QUIET_MS = 250;

function refreshing(place) {
  let paused = false;
  const button = document.createElement("button");
  button.className = "plain";
  button.textContent = "Pause updates";
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Go on with updates" : "Pause updates";
  });
  place.hidden = false;
  const every = Number(place.dataset.refresh) || REFRESH_S;
  place.append(`Kept up to date every ${every === 1 ? "second" : `${every} seconds`}. `, button);
  setInterval(async () => {
    if (paused || document.hidden) return;
    try {
      const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!reply.ok || reply.redirected) return;
      renew(new DOMParser().parseFromString(await reply.text(), "text/html"));
    } catch {
      // The server is not there at the moment; the next time it may be.
    }
  }, every * 1000);
}

function renew(page) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const made = page.querySelector(`[data-live="${old.dataset.live}"]`);
    // What somebody is reading with the keyboard, or has opened, stays as it is.
    if (!made || old.contains(document.activeElement) || old.querySelector("details[open]")) continue;
    if (old.innerHTML !== made.innerHTML) old.innerHTML = made.innerHTML;
  }
}

function explaining(form) {
  const result = document.getElementById("result");
  const verdict = document.getElementById("verdict");
  let number = 0;
  let timer = 0;
  for (const each of form.querySelectorAll(".scripted")) each.hidden = false;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(explain, QUIET_MS);
  });

  async function explain() {
    const mine = ++number;
    let found;
    try {
      const reply = await send(form.dataset.explain, { ...draftOf(form), proof: form.dataset.explainProof });
      if (!reply.ok) throw new Error(`The server answered ${reply.status}. Load the page again.`);
      found = await reply.json();
    } catch (error) {
      verdict.classList.remove("unseen");
      verdict.textContent = `Not explained: ${error.message}`;
      return;
    }
    if (mine !== number) return;
    form.dispatchEvent(new CustomEvent("explained", { detail: found.paths }));
    for (const place of form.querySelectorAll("[data-troubles]")) show(place, found.troubles);
    result.innerHTML = found.html;
    verdict.classList.add("unseen"); // it says to those who listen what others see
    verdict.textContent = said(found.troubles);
  }

  function show(place, troubles) {
    const mine = troubles.filter((each) => each.place === place.dataset.troubles);
    place.textContent = mine.map(written).join("\n");
    const text = document.getElementById(place.dataset.troubles);
    if (mine.length) text.setAttribute("aria-invalid", "true");
    else text.removeAttribute("aria-invalid");
  }

  function said(troubles) {
    if (troubles.length) return troubles.length === 1 ? "1 problem" : `${troubles.length} problems`;
    const title = result.querySelector("h2");
    return title ? title.textContent.replace(/\s+/g, " ") : "";
  }
}

function written(trouble) {
  const line = trouble.line ? `Line ${trouble.line}` : "";
  const where = trouble.column ? `${line}, column ${trouble.column}` : line;
  return [where, trouble.where, trouble.message].filter(Boolean).join(": ");
}

function draftOf(form) {
  const names = ["connection", "mapping", "action", "event", "trigger", "fields"];
  return Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
}

function send(address, value) {
  return fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
  });
}

for (const place of document.querySelectorAll("[data-refresh]")) refreshing(place);
for (const form of document.querySelectorAll("form[data-explain]")) explaining(form);
