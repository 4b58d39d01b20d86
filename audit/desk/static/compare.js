// Blinking: both pages in one place, in turn; what differs jumps. Zoom is the same for both.
const pair = document.getElementById("pair");
const blink = document.getElementById("blink");
blink?.addEventListener("click", () => {
  const blinking = pair.classList.toggle("blink");
  blink.setAttribute("aria-pressed", String(blinking));
  clearInterval(pair.timer);
  pair.classList.remove("second");
  if (blinking) pair.timer = setInterval(() => pair.classList.toggle("second"), 600);
});

let scale = Number(sessionStorage.getItem("compare") ?? 1);
function zoom(factor) {
  const x = (pair.scrollLeft + pair.clientWidth / 2) / pair.scrollWidth;
  const y = (pair.scrollTop + pair.clientHeight / 2) / pair.scrollHeight;
  scale = Math.min(Math.max(scale * factor, 0.5), 4);
  sessionStorage.setItem("compare", scale);
  pair.style.setProperty("--wide", scale);
  pair.scrollTo(x * pair.scrollWidth - pair.clientWidth / 2, y * pair.scrollHeight - pair.clientHeight / 2);
}
document.getElementById("bigger").addEventListener("click", () => zoom(1.3));
document.getElementById("smaller").addEventListener("click", () => zoom(1 / 1.3));
zoom(1);
