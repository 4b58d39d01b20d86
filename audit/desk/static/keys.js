// One registry of keys. An element says data-key="j" (clicked), data-hold="h" (held),
// data-focus="n" (focused) or data-next="v" (next choice of a list) and data-help; other modules register keys by an event. Two
// claims on one key are an error that shows, keys are left alone while somebody types.
const known = new Map();
const root = document.documentElement;

function name(key) {
  return key.length === 1 ? key.toLowerCase() : key;
}

function claim(key, entry) {
  const id = name(key);
  if (known.has(id)) {
    root.dataset.keys = `collision: ${key}`;
    throw new Error(`two claims on key ${key}: ${known.get(id).help} / ${entry.help}`);
  }
  known.set(id, entry);
}

function usable(element) {
  return element.isConnected && !element.disabled && element.closest("[hidden]") === null;
}

function typing(target, key) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  if (target.matches("input[type=radio]")) return key.startsWith("Arrow") || key === "Enter";
  if (target.matches("input[type=checkbox]")) return key === " " || key === "Enter";
  if (target.matches("input")) return true;
  return key === "Enter" && target.matches("a, button, summary");
}

function entryFor(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return undefined;
  if (document.querySelector("dialog[open]")) return undefined;
  return typing(event.target, event.key) ? undefined : known.get(name(event.key));
}

root.dataset.keys = "ok";
for (const element of document.querySelectorAll("[data-key], [data-hold], [data-focus], [data-next]")) {
  const { key, hold, focus, next, also, help } = element.dataset;
  const entry = { help, hold: Boolean(hold), first: true };
  if (hold) {
    const set = (on) => document.body.classList.toggle("holding", on);
    Object.assign(entry, { run: () => set(true), end: () => set(false) });
    element.addEventListener("pointerdown", () => set(true));
    for (const end of ["pointerup", "pointerleave", "blur"]) element.addEventListener(end, () => set(false));
  } else if (next) {
    entry.run = () => {
      element.selectedIndex = (element.selectedIndex + 1) % element.options.length;
      element.dispatchEvent(new Event("change"));
    };
  } else if (focus) {
    entry.run = () => usable(element) && element.focus();
  } else {
    entry.run = () => usable(element) && element.click();
  }
  claim(key || hold || focus || next, entry);
  if (also) claim(also, { ...entry, first: false });
}

document.addEventListener("desk:key", (event) => {
  const { key, run, help } = event.detail;
  claim(key, { run, help, first: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
  const entry = entryFor(event);
  if (!entry || event.shiftKey && event.key.startsWith("Arrow")) return;
  event.preventDefault();
  if (!event.repeat || entry.repeats) entry.run();
});

document.addEventListener("keyup", (event) => known.get(name(event.key))?.end?.());
window.addEventListener("blur", () => document.body.classList.remove("holding"));

const dialog = document.getElementById("help");
document.getElementById("help-button")?.addEventListener("click", () => {
  const list = document.getElementById("help-keys");
  list.replaceChildren();
  for (const [key, entry] of known) {
    if (!entry.first || !entry.help) continue;
    const term = document.createElement("dt");
    const sign = document.createElement("kbd");
    sign.textContent = key.length === 1 ? key.toUpperCase() : { Enter: "↵" }[key] ?? key;
    term.append(sign);
    const text = document.createElement("dd");
    text.textContent = entry.help;
    list.append(term, text);
  }
  dialog.showModal();
});
root.classList.add("scripted");
