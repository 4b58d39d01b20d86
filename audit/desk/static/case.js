// Deciding by keyboard, a heartbeat for the lease, drafts that survive.
const split = document.querySelector("[data-case]");
const form = document.getElementById("decide");

if (form) {
  const note = form.elements.note;
  const draft = `note:${split.dataset.case}`;
  const send = document.getElementById("send");

  const reasons = () => {
    const verdict = form.querySelector("input[name=verdict]:checked");
    return verdict ? [...form.querySelectorAll(`.for-${verdict.value} input[name=reason]`)] : [];
  };
  for (const radio of form.querySelectorAll("input[name=verdict]")) {
    radio.addEventListener("change", () => {
      const mine = reasons();
      form.querySelectorAll("input[name=reason]").forEach((r) => (r.checked = r.checked && mine.includes(r)));
    });
  }
  // What is left to do: the password, where it is asked for and not given yet, else Enter.
  const onward = () => {
    const password = document.getElementById("password");
    (password?.offsetParent && !password.value ? password : send).focus();
  };
  for (let number = 1; number <= 9; number += 1) {
    const run = () => {
      const chosen = reasons()[number - 1];
      if (!chosen) return;
      chosen.checked = true;
      onward();
    };
    document.dispatchEvent(new CustomEvent("desk:key", { detail: { key: String(number), run, help: number === 1 ? form.dataset.digits : "" } }));
  }
  note.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      onward();
    }
  });
  if (!note.value) note.value = sessionStorage.getItem(draft) ?? "";
  note.addEventListener("input", () => sessionStorage.setItem(draft, note.value));
  form.addEventListener("submit", () => {
    sessionStorage.setItem("sent", draft);
    send.disabled = true;
  });
  window.addEventListener("pageshow", () => (send.disabled = false));

  if (form.dataset.again) document.getElementById("password")?.focus();

  const advance = document.getElementById("advance");
  advance.checked = localStorage.getItem("advance") !== "no";
  advance.addEventListener("change", () => localStorage.setItem("advance", advance.checked ? "yes" : "no"));

  const line = document.getElementById("lease");
  const beat = async () => {
    const answer = await fetch(`/cases/${split.dataset.case}/lease`, { method: "POST" });
    if (!answer.ok) return;
    const lease = await answer.json();
    if (line.dataset.text && !lease.mine) {
      line.textContent = line.dataset.text.replace("{name}", lease.holder).replace("{time}", lease.until);
      line.hidden = false;
    } else if (!line.dataset.text && lease.mine) location.reload();
  };
  beat();
  setInterval(beat, 60000);
}

// A decision that got through leads to another page: only then is its draft let go.
const sent = sessionStorage.getItem("sent");
if (sent && document.querySelector(".notice")) {
  sessionStorage.removeItem(sent);
  sessionStorage.removeItem("sent");
}
