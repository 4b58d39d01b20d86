// Moving through the rows of the queue; opening is a key of its own.
const rows = [...document.querySelectorAll("#queue tbody tr")];
let at = 0;

function go(step) {
  at = Math.min(Math.max(at + step, 0), rows.length - 1);
  show();
  rows[at]?.querySelector(".subject a").focus();
}

function show() {
  rows.forEach((row, number) => row.classList.toggle("current", number === at));
  rows[at]?.scrollIntoView({ block: "nearest" });
}

// On a small screen the cases come first; filters that are set stay in sight.
const sieve = document.querySelector(".sieve");
if (matchMedia("(max-width: 68rem)").matches && !location.search) sieve.open = false;

if (rows.length) {
  document.getElementById("row-down").addEventListener("click", () => go(1));
  document.getElementById("row-up").addEventListener("click", () => go(-1));
  document.getElementById("row-open").addEventListener("click", () => rows[at].querySelector(".subject a").click());
  show();
}
