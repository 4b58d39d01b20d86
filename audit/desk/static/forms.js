// Dragging boxes and fields over the blank page; the numbers beside it are what is sent.
const sheet = document.getElementById("sheet");
const form = document.getElementById("geometry");
const space = "http://www.w3.org/2000/svg";
let held = null;

document.body.classList.add("js-on");

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
  place(piece);
}

sheet.addEventListener("pointerdown", (event) => {
  const piece = event.target.closest(".piece");
  if (!piece) return;
  const from = Object.fromEntries(["x", "y", "w", "h", "px", "py"].map((axis) => [axis, number(piece, axis)]));
  held = { piece, from, at: point(event), stretch: event.target.classList.contains("handle") };
  choose(piece);
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
form.addEventListener("input", () => sheet.querySelectorAll(".piece").forEach(place));
form.addEventListener("reset", () => setTimeout(() => sheet.querySelectorAll(".piece").forEach(place)));
form.addEventListener("focusin", (event) => {
  const name = event.target.closest("[data-for]")?.dataset.for;
  const piece = name && sheet.querySelector(`[data-piece="${name}"]`);
  if (piece) choose(piece);
});
