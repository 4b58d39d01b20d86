// Blinking: both pages in one place, in turn; what differs jumps.
const pair = document.getElementById("pair");
document.getElementById("blink").addEventListener("click", () => {
  const blinking = pair.classList.toggle("blink");
  clearInterval(pair.timer);
  pair.classList.remove("second");
  if (blinking) pair.timer = setInterval(() => pair.classList.toggle("second"), 600);
});
