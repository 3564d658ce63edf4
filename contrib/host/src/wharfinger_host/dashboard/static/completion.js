// Completes what is written in the workbench: fields, directives, functions, paths of the event,
// and what the tenant said when it was asked. Ctrl+Space shows it, as does typing within quotes.
"use strict";

const MOST = 40;

// Where the caret stands in a JSON text: the keys around it, and the string that is being written.
function placeInJson(text) {
  const stack = [];
  let string = null;
  let key = "";
  let isValue = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (string !== null) {
      if (sign === "\\") at++;
      else if (sign === '"') {
        if (!isValue) key = text.slice(string, at);
        string = null;
      }
    } else if (sign === '"') string = at + 1;
    else if (sign === "{" || sign === "[") {
      stack.push({ key, isList: sign === "[" });
      key = "";
      isValue = sign === "[";
    } else if (sign === "}" || sign === "]") {
      key = stack.length ? stack.pop().key : "";
      isValue = false;
    } else if (sign === ":") isValue = true;
    else if (sign === ",") isValue = Boolean(stack.length) && stack[stack.length - 1].isList;
  }
  const keys = stack.slice(1).map((each) => each.key);
  return { keys: isValue ? [...keys, key] : keys, isValue, string };
}

function wordsForFields(words, paths, answers, text) {
  const place = placeInJson(text);
  if (place.string === null) return null;
  const from = place.string;
  const keys = place.keys;
  const last = keys[keys.length - 1] || "";
  if (place.isValue && last === "@template") {
    const open = text.lastIndexOf("{{");
    if (open < from) return null;
    return { from: open + 2, items: paths };
  }
  if (place.isValue && (last === "@path" || keys[keys.length - 2] === "@arrayPath")) {
    return { from, items: paths.map((each) => ({ ...each, text: `$.${each.text}` })) };
  }
  if (place.isValue) return { from, items: [...(words.values[last] || []), ...(answers[last] || [])] };
  if (!keys.length) return { from, items: words.fields };
  const inside = keys.length === 1 ? [...(words.properties[last] || []), ...(answers[last] || [])] : [];
  return { from, items: [...inside, ...words.directives] };
}

function wordsForTrigger(words, paths, text) {
  const quotes = text.replace(/\\./g, "").match(/"/g) || [];
  if (quotes.length % 2) return null;
  const from = text.search(/[\w.-]*$/);
  const joining = ["and", "or", "null", "true", "false"].map((each) => ({ text: each, about: "" }));
  const functions = words.functions.map((each) => ({ ...each, text: `${each.text}(` }));
  return { from, items: [...paths, ...functions, ...joining] };
}

function completing(form) {
  const words = JSON.parse(form.dataset.words);
  const answers = {};
  let paths = JSON.parse(form.dataset.paths);
  form.addEventListener("explained", (event) => {
    if (event.detail.length) paths = event.detail;
  });
  for (const area of form.querySelectorAll("[data-completes]")) {
    const find = (text) =>
      area.dataset.completes === "trigger"
        ? wordsForTrigger(words, paths, text)
        : wordsForFields(words, paths, answers, text);
    completingArea(area, find);
  }
  asking(form, answers);
}

function completingArea(area, find) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${area.id}-suggestions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "What can be written here");
  list.hidden = true;
  area.after(list);
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);
  let from = 0;
  let chosen = -1;

  function close() {
    list.hidden = true;
    area.removeAttribute("aria-activedescendant");
  }

  function open(asked) {
    const text = area.value.slice(0, area.selectionStart);
    const found = find(text);
    const typed = found ? text.slice(found.from).toLowerCase() : "";
    const fits = (each) => each.text.toLowerCase().includes(typed) && each.text.toLowerCase() !== typed;
    const items = found && (asked || typed) ? found.items.filter(fits).slice(0, MOST) : [];
    if (!items.length) return close();
    from = found.from;
    list.replaceChildren(...items.map(made));
    list.hidden = false;
    choose(0);
  }

  function made(word, index) {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.setAttribute("role", "option");
    const text = document.createElement("code");
    text.textContent = word.text;
    const about = document.createElement("small");
    about.textContent = word.about;
    item.append(text, about);
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(index);
      take();
    });
    return item;
  }

  function choose(index) {
    chosen = (index + list.children.length) % list.children.length;
    for (const [at, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(at === chosen));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", list.children[chosen].id);
  }

  function take() {
    const text = list.children[chosen].querySelector("code").textContent;
    close();
    area.setRangeText(text, from, area.selectionStart, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
  }

  area.addEventListener("input", () => open(false));
  area.addEventListener("blur", close);
  area.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      open(true);
    } else if (!list.hidden && event.key === "Escape") close();
    else if (!list.hidden && event.key === "ArrowDown") choose(chosen + 1);
    else if (!list.hidden && event.key === "ArrowUp") choose(chosen - 1);
    else if (!list.hidden && (event.key === "Enter" || event.key === "Tab")) take();
    else return;
    event.preventDefault();
  });
}

function asking(form, answers) {
  const button = document.getElementById("ask");
  const answer = document.getElementById("asked-answer");
  if (!button) return;
  button.addEventListener("click", async () => {
    const field = document.getElementById("asked").value;
    answer.textContent = "Asking …";
    try {
      const draft = Object.fromEntries(["connection", "mapping", "action", "fields"].map((name) => [name, form.elements[name].value]));
      const reply = await fetch(form.dataset.choices, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...draft, field, proof: form.dataset.choicesProof }),
      });
      if (!reply.ok) throw new Error(`The server answered ${reply.status}.`);
      const found = await reply.json();
      answers[field] = found.words;
      const names = found.words.slice(0, 8).map((each) => each.text).join(", ");
      answer.textContent = found.obstacle || `${found.words.length} for ${field}: ${names}${found.words.length > 8 ? " …" : ""}`;
    } catch (error) {
      answer.textContent = `Not answered: ${error.message}`;
    }
  });
}

for (const form of document.querySelectorAll("form[data-words]")) completing(form);
