// Behaviours of the dashboard, one data- attribute each. Everything here adds speed; the page works without it.

const POLL_MS = 2000;
const SLOW_POLL_MS = 15000;
const FAILURES_BEFORE_SLOW = 3;

// [data-poll]: asks for itself again while the page can be seen; slower while the server can't be reached.
let failures = 0;
let lastTick = 0;

function tick(isForced) {
  if (document.visibilityState !== "visible") return;
  const pause = failures >= FAILURES_BEFORE_SLOW ? SLOW_POLL_MS : POLL_MS;
  if (!isForced && Date.now() - lastTick < pause - 50) return;
  lastTick = Date.now();
  for (const element of document.querySelectorAll("[data-poll]")) {
    element.dispatchEvent(new CustomEvent("tick"));
  }
}

setInterval(tick, POLL_MS);
document.addEventListener("visibilitychange", () => tick(true));
window.addEventListener("online", () => {
  connection(false);
  tick(true);
});
window.addEventListener("offline", () => connection(true, FAILURES_BEFORE_SLOW));

const isPoll = (context) => context?.sourceEvent?.type === "tick";

function connection(isLost, count = 1) {
  failures = isLost ? failures + count : 0;
  const sign = document.getElementById("connection");
  if (sign) sign.hidden = failures < 2;
}

// What a person did and failed is said; what a poll failed is only a sign in the top bar.
function trouble(isShown) {
  const box = document.getElementById("trouble");
  if (box) box.hidden = !isShown;
}

document.addEventListener("htmx:error", ({ detail }) => {
  if (isPoll(detail.ctx)) connection(true);
  else if (detail.ctx) trouble(true);
});
document.addEventListener("htmx:after:request", ({ detail }) => {
  const status = detail.ctx.response?.status ?? 0;
  if (isPoll(detail.ctx)) connection(status >= 500);
  else trouble(status >= 500);
});

// [data-count="<id>"]: shows how many characters are left of maxlength.
function count(field) {
  const shown = document.getElementById(field.dataset.count);
  const characters = [...field.value].length;
  const format = new Intl.NumberFormat(document.documentElement.lang);
  shown.textContent = `${format.format(characters)} / ${format.format(field.maxLength)}`;
}

// [data-focus]: takes the focus when it arrives, such as the summary of a form's errors.
function arrive(root) {
  for (const field of root.querySelectorAll("[data-count]")) count(field);
  root.querySelector("[data-focus]")?.focus();
}

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-count]")) count(target);
});
document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (!isPoll(detail.ctx)) arrive(document);
});
arrive(document);

// [data-autosubmit]: a choice is made by choosing.
document.addEventListener("change", ({ target }) => {
  target.closest("[data-autosubmit]")?.requestSubmit();
});

// [data-menu]: closes on Escape and on a click elsewhere.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}
document.addEventListener("click", ({ target }) => closeMenus(target.closest("[data-menu]")));
document.addEventListener("keydown", ({ key, target }) => {
  if (key !== "Escape") return;
  target.closest("[data-menu][open]")?.querySelector("summary").focus();
  closeMenus(null);
});

// [data-copy]: puts the text before it on the clipboard and says so for a moment.
const SAID_MS = 2000;
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.previousElementSibling.textContent);
  const word = button.querySelector("[data-copy-word]");
  const before = word.textContent;
  word.textContent = word.dataset.copied;
  setTimeout(() => { word.textContent = before; }, SAID_MS);
});

// [data-dialog="<id>"]: opens it. "?" opens the keys, G and a letter follow the link with that [data-go]; single keys act
// outside fields and without a modifier, and can be switched off.
const GO_MS = 1500;
let isGoing = 0;

document.addEventListener("click", ({ target }) => {
  const id = target.closest("[data-dialog]")?.dataset.dialog;
  if (!id) return;
  closeMenus(null);
  document.getElementById(id).showModal();
});

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const isTyping = target.closest("input, select, textarea, [contenteditable], dialog");
  const isSingle = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (isTyping || !isSingle || document.documentElement.dataset.keys === "off") return;
  if (key === "?") document.getElementById("keys")?.showModal();
  const link = Date.now() < isGoing && document.querySelector(`[data-go="${CSS.escape(key.toLowerCase())}"]`);
  if (link) link.click();
  isGoing = key.toLowerCase() === "g" ? Date.now() + GO_MS : 0;
});

// [data-as-of="<zone>"]: the moment of the server's last answer, also when it said that nothing has changed.
document.addEventListener("htmx:after:request", ({ detail }) => {
  const { sourceElement, response } = detail.ctx;
  const shown = sourceElement?.querySelector?.("[data-as-of]");
  const told = response?.headers.get("Date");
  if (response?.status !== 304 || !shown || !told) return;
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: shown.dataset.asOf };
  shown.textContent = new Date(told).toLocaleTimeString("en-GB", format);
});
