// The scan: zoom and pan that stay from case to case, places as an SVG layer over it.
const stage = document.getElementById("stage");
const SVG = "http://www.w3.org/2000/svg";
const MAX = 12;
const BALL = 9; // radius of a number, in pixels of the screen at every zoom

if (stage) start();

function start() {
  const layer = document.getElementById("layer");
  const scan = document.getElementById("scan");
  const key = `view:${stage.dataset.sheet}`;
  const view = JSON.parse(sessionStorage.getItem(key) ?? "null") ?? { scale: 1, x: 0.5, y: 0.5 };
  let size = null; // of the scan in its own pixels
  let full = false;
  let places = [];
  let next = 0;

  function fit() {
    const [w, h] = size ?? [scan.naturalWidth || 1, scan.naturalHeight || 1];
    return { w, h, f: Math.min(stage.clientWidth / w, stage.clientHeight / h) };
  }

  function draw() {
    const { w, h, f } = fit();
    const s = f * view.scale;
    layer.style.width = `${w * s}px`;
    layer.style.height = `${h * s}px`;
    const left = stage.clientWidth / 2 - view.x * w * s;
    const top = stage.clientHeight / 2 - view.y * h * s;
    layer.style.transform = `translate(${left}px, ${top}px)`;
    label(BALL / s);
    sessionStorage.setItem(key, JSON.stringify(view));
    if (!full && s * window.devicePixelRatio > 1.05 * (scan.naturalHeight / h)) loadFull();
  }

  // Numbers stand outside the place they name, so that they hide nothing of it, and never on
  // each other: where two would meet, the later one moves to the right at the end of a line.
  function label(radius) {
    const taken = [];
    const lines = [];
    const free = (x, y) => taken.every(([a, b]) => Math.hypot(a - x, b - y) >= 2 * radius);
    for (const group of layer.querySelectorAll("g[data-corner]:not(.off)")) {
      const [x, y] = group.dataset.corner.split(" ").map(Number);
      let [at, step] = [x + radius, 0];
      while (!free(at, y) && step++ < 40) at += radius / 2;
      taken.push([at, y]);
      const set = (name, values) => Object.entries(values).forEach(([n, v]) => group.querySelector(name).setAttribute(n, v));
      if (step) lines.push(`M${x} ${y}H${at}`);
      set("circle", { cx: at, cy: y, r: radius });
      set("text", { x: at, y, "font-size": radius * 1.4 });
    }
    document.getElementById("leaders")?.setAttribute("d", lines.join("")); // under all numbers
  }

  const chooser = document.getElementById("look");
  const looks = [...chooser.options].map((option) => option.value);

  function look() {
    const saved = sessionStorage.getItem("look") ?? "scan";
    return looks.includes(saved) ? saved : "scan";
  }

  function source() {
    return `${stage.dataset.base}${look()}.jpg${full ? "?full=1" : ""}`;
  }

  function loadFull() {
    if (!scan.complete || !size || scan.naturalHeight >= size[1]) return;
    full = true;
    swap();
  }

  function swap() {
    const fresh = new Image();
    const wanted = source();
    fresh.onload = () => wanted === source() && (scan.src = wanted);
    fresh.src = wanted;
  }

  function zoom(factor, px = stage.clientWidth / 2, py = stage.clientHeight / 2) {
    const { w, h, f } = fit();
    const scale = Math.min(Math.max(view.scale * factor, 1), MAX);
    const dx = (px - stage.clientWidth / 2) / (w * f);
    const dy = (py - stage.clientHeight / 2) / (h * f);
    view.x += dx / view.scale - dx / scale;
    view.y += dy / view.scale - dy / scale;
    view.scale = scale;
    clamp();
    draw();
  }

  function clamp() {
    if (view.scale === 1) view.x = view.y = 0.5;
    view.x = Math.min(Math.max(view.x, 0), 1);
    view.y = Math.min(Math.max(view.y, 0), 1);
  }

  function move(dx, dy) {
    const { w, h, f } = fit();
    view.x -= dx / (w * f * view.scale);
    view.y -= dy / (h * f * view.scale);
    clamp();
    draw();
  }

  function toSign() {
    const signs = places.filter((place) => !["marks", "notes"].includes(place.layer));
    if (signs.length) show(signs[next++ % signs.length].points);
  }

  function show(points) {
    const xs = points.map((p) => p[0]);
    const ys = points.map((p) => p[1]);
    const { w, h, f } = fit();
    const width = Math.max(w / 3, 3 * (Math.max(...xs) - Math.min(...xs)));
    const height = Math.max(h / 6, 3 * (Math.max(...ys) - Math.min(...ys)));
    view.scale = Math.min(Math.max(Math.min(stage.clientWidth / (width * f), stage.clientHeight / (height * f)), 1), MAX);
    view.x = (Math.min(...xs) + Math.max(...xs)) / 2 / w;
    view.y = (Math.min(...ys) + Math.max(...ys)) / 2 / h;
    draw();
  }

  function overlay(found) {
    places = found.places;
    size = found.size;
    document.getElementById("illegible").hidden = found.covered || !size;
    if (!size) return;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.id = "places";
    const leaders = document.createElementNS(SVG, "path");
    leaders.id = "leaders";
    svg.append(leaders);
    for (const place of places) {
      const group = document.createElementNS(SVG, "g");
      group.setAttribute("class", `${{ marks: "mark", notes: "sign note" }[place.layer] ?? "sign"} ${place.level}`);
      group.dataset.layer = place.layer;
      const shape = document.createElementNS(SVG, "polygon");
      shape.setAttribute("points", place.points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" "));
      const title = document.createElementNS(SVG, "title");
      title.textContent = place.title;
      group.append(title, shape);
      if (place.label) {
        const x = Math.max(...place.points.map((p) => p[0]));
        const y = Math.min(...place.points.map((p) => p[1]));
        group.dataset.corner = `${x} ${y}`;
        const text = document.createElementNS(SVG, "text");
        text.textContent = place.label;
        group.append(document.createElementNS(SVG, "circle"), text);
      }
      svg.append(group);
    }
    layer.append(svg);
    toggles(svg);
    draw();
  }

  function toggles(svg) {
    const box = document.getElementById("layers");
    const off = new Set(JSON.parse(sessionStorage.getItem("layers-off") ?? '["marks"]'));
    const names = new Map(places.map((place) => [place.layer, box.dataset[place.layer] ?? place.title]));
    for (const [id, title] of names) {
      const label = document.createElement("label");
      const check = document.createElement("input");
      check.type = "checkbox";
      check.checked = !off.has(id);
      const show = () => svg.querySelectorAll("g").forEach((g) => g.dataset.layer === id && g.classList.toggle("off", !check.checked));
      check.addEventListener("change", () => {
        off[check.checked ? "delete" : "add"](id);
        sessionStorage.setItem("layers-off", JSON.stringify([...off]));
        show();
        draw();
      });
      show();
      label.append(check, ` ${title}`);
      box.append(label);
    }
    box.hidden = names.size === 0;
  }

  chooser.value = look();
  chooser.addEventListener("change", () => {
    sessionStorage.setItem("look", chooser.value);
    swap();
  });
  if (look() !== "scan") swap();
  document.getElementById("zoom-in").addEventListener("click", () => zoom(1.4));
  document.getElementById("zoom-out").addEventListener("click", () => zoom(1 / 1.4));
  document.getElementById("zoom-fit").addEventListener("click", () => zoom(0));
  document.getElementById("zoom-sign").addEventListener("click", toSign);
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    if (stage.classList.contains("marking")) {
      drawing = at(event);
      mark(drawing, drawing);
      stage.setPointerCapture(event.pointerId);
      return;
    }
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("dragging");
  });
  stage.addEventListener("pointermove", (event) => {
    if (drawing) mark(drawing, at(event));
    if (stage.classList.contains("dragging")) move(event.movementX, event.movementY);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => {
    stage.classList.remove("dragging");
    if (!drawing) return;
    drawing = null;
    remark.elements.text.focus();
  });
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (!step || !event.shiftKey) return;
    event.preventDefault();
    move(...step);
  });
  // Marking a place: the middle of what is seen, or a rectangle that is drawn.
  const remark = document.getElementById("remark");
  const frame = document.createElement("div");
  frame.id = "frame";
  frame.hidden = true;
  layer.append(frame);
  let drawing = null;

  function at(event) {
    const box = layer.getBoundingClientRect();
    const part = (value) => Math.min(Math.max(value, 0), 1);
    return [part((event.clientX - box.left) / box.width), part((event.clientY - box.top) / box.height)];
  }

  function mark(one, other) {
    const place = {
      x: Math.min(one[0], other[0]), y: Math.min(one[1], other[1]),
      width: Math.abs(one[0] - other[0]), height: Math.abs(one[1] - other[1]),
    };
    for (const [name, value] of Object.entries(place)) remark.elements[name].value = value.toFixed(5);
    Object.assign(frame.style, {
      left: `${100 * place.x}%`, top: `${100 * place.y}%`, width: `${100 * place.width}%`, height: `${100 * place.height}%`,
    });
    frame.hidden = false;
  }

  function marking(on) {
    stage.classList.toggle("marking", on);
    frame.hidden = !on;
  }

  document.getElementById("mark-place")?.addEventListener("click", () => {
    document.getElementById("remarks").open = true;
    marking(true);
    mark([view.x, view.y], [view.x, view.y]);
    remark.elements.text.focus({ preventScroll: true });
    remark.scrollIntoView({ block: "end" });
  });
  remark?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      marking(false);
      for (const name of ["x", "y", "width", "height"]) remark.elements[name].value = "";
    }
  });
  for (const button of document.querySelectorAll("[data-goto]"))
    button.addEventListener("click", () => {
      const found = places.find((place) => place.layer === "notes" && place.label === button.dataset.goto);
      if (found) show(found.points);
    });

  window.addEventListener("resize", draw);
  scan.addEventListener("load", draw);
  if (scan.complete) draw();
  fetch(stage.dataset.places).then((answer) => answer.ok && answer.json()).then((found) => found && overlay(found));
}
