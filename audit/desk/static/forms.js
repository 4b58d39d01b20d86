// Dragging boxes and fields over the blank page; the numbers beside it are what is sent.
const sheet = document.getElementById("sheet");
const form = document.getElementById("geometry");
const space = "http://www.w3.org/2000/svg";
const undoing = document.getElementById("undo");
const past = [];
let held = null;

document.body.classList.add("js-on");

// What was there before a change, to be brought back; one step a drag, a field or a key's run.
const state = () => [...form.elements].filter((e) => e.name).map((e) => (e.type === "checkbox" ? e.checked : e.value));

function remember() {
  const now = state();
  if (past.length && past.at(-1).every((value, at) => value === now[at])) return;
  past.push(now);
  undoing.disabled = false;
}

function undo() {
  const now = state();
  let before = past.pop();
  while (before && before.every((value, at) => value === now[at])) before = past.pop();
  undoing.disabled = past.length === 0;
  if (!before) return;
  [...form.elements].filter((e) => e.name).forEach((e, at) => {
    if (e.type === "checkbox") e.checked = before[at];
    else e.value = before[at];
  });
  draw();
}

const input = (piece, axis) => form.elements[`${piece.dataset.piece}-${axis}`];
const number = (piece, axis) => Number(input(piece, axis)?.value) || 0;

function set(piece, axis, value) {
  const field = input(piece, axis);
  if (field) field.value = value.toFixed(2);
}

// Rectangles follow the numbers, whoever changed them.
function place(piece) {
  const columns = Number(piece.dataset.columns);
  const [x, y, w, h] = ["x", "y", "w", "h"].map((axis) => number(piece, axis));
  piece.querySelectorAll("rect").forEach((rect, at) => {
    rect.setAttribute("x", x + (at % columns) * number(piece, "px"));
    rect.setAttribute("y", y + Math.floor(at / columns) * number(piece, "py"));
    rect.setAttribute("width", Math.max(w, 0));
    rect.setAttribute("height", Math.max(h, 0));
  });
  const last = [...piece.querySelectorAll("rect")].at(-1);
  const handle = piece.querySelector(".handle");
  if (!handle || !last) return;
  handle.setAttribute("cx", Number(last.getAttribute("x")) + Number(last.getAttribute("width")));
  handle.setAttribute("cy", Number(last.getAttribute("y")) + Number(last.getAttribute("height")));
}

// All pieces as the inputs say: where they are, which are taken off, which are new.
function draw() {
  for (const piece of sheet.querySelectorAll(".piece")) {
    place(piece);
    const name = piece.dataset.piece;
    piece.classList.toggle("dropped", Boolean(form.elements[`${name}-drop`]?.checked));
    const wanted = form.elements[`${name}-item`] ?? form.elements[`${name}-id`];
    if (piece.classList.contains("new")) piece.classList.toggle("on", wanted.value !== "");
  }
}

function choose(piece) {
  document.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
  piece.classList.add("chosen");
  const numbers = form.querySelector(`[data-for="${piece.dataset.piece}"]`);
  numbers.classList.add("chosen");
  // Only the list moves: were the page to scroll, what is being dragged would run away.
  const list = numbers.parentElement;
  list.scrollTop += numbers.getBoundingClientRect().top - list.getBoundingClientRect().top - 60;
}

function point(event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(sheet.getScreenCTM().inverse());
}

for (const piece of sheet.querySelectorAll(".piece")) {
  const handle = document.createElementNS(space, "circle");
  handle.classList.add("handle");
  handle.setAttribute("r", 1.1);
  piece.append(handle);
}
draw();

sheet.addEventListener("pointerdown", (event) => {
  const piece = event.target.closest(".piece");
  if (!piece) return;
  const from = Object.fromEntries(["x", "y", "w", "h", "px", "py"].map((axis) => [axis, number(piece, axis)]));
  held = { piece, from, at: point(event), stretch: event.target.classList.contains("handle") };
  choose(piece);
  remember();
  piece.focus();
  sheet.setPointerCapture(event.pointerId);
  event.preventDefault();
});

sheet.addEventListener("pointermove", (event) => {
  if (!held) return;
  const { piece, from, at, stretch } = held;
  const now = point(event);
  const [dx, dy] = [now.x - at.x, now.y - at.y];
  const columns = Number(piece.dataset.columns) - 1, rows = Number(piece.dataset.rows) - 1;
  if (!stretch) {
    set(piece, "x", from.x + dx);
    set(piece, "y", from.y + dy);
  } else if (piece.classList.contains("grid")) {
    // The last box is pulled: the steps change, the boxes keep their size.
    if (columns > 0) set(piece, "px", from.px + dx / columns);
    if (rows > 0) set(piece, "py", from.py + dy / rows);
  } else {
    set(piece, "w", Math.max(0.5, from.w + dx));
    set(piece, "h", Math.max(0.5, from.h + dy));
  }
  place(piece);
});

const drop = () => { held = null; };
sheet.addEventListener("pointerup", drop);
sheet.addEventListener("pointercancel", drop);
form.addEventListener("input", draw);
form.addEventListener("reset", () => { remember(); setTimeout(draw); });
form.addEventListener("focusin", (event) => {
  const name = event.target.closest("[data-for]")?.dataset.for ?? event.target.closest(".piece")?.dataset.piece;
  const piece = name && sheet.querySelector(`[data-piece="${name}"]`);
  if (!piece) return;
  choose(piece);
  remember();
});
undoing.addEventListener("click", undo);

const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select");
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && (!typing || typing.type === "checkbox")) {
    undo();
    event.preventDefault();
    return;
  }
  const piece = event.target.closest?.(".piece");
  if (!piece) return;
  const step = steps[event.key];
  if (step) {
    remember();
    const far = event.shiftKey ? 1 : 0.1;
    set(piece, "x", number(piece, "x") + step[0] * far);
    set(piece, "y", number(piece, "y") + step[1] * far);
  } else if (event.key === "Delete" && form.elements[`${piece.dataset.piece}-drop`]) {
    remember();
    form.elements[`${piece.dataset.piece}-drop`].checked ^= true;
  } else return;
  draw();
  event.preventDefault();
});
// A double click on bare paper asks where something new shall stand.
sheet.addEventListener("dblclick", (event) => {
  if (event.target.closest(".piece")) return;
  const at = point(event);
  remember();
  for (const name of ["newbox", "newfield"]) {
    form.elements[`${name}-x`].value = at.x.toFixed(2);
    form.elements[`${name}-y`].value = at.y.toFixed(2);
  }
  form.querySelector('[data-for="newbox"]').scrollIntoView({ block: "nearest" });
  draw();
});
