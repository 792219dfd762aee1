// Behaviours of the dashboard, one data- attribute each. Everything here adds speed; the page works without it.

const POLL_MS = 2000; // what nobody tells
const SLOW_MS = 15000; // while nobody tells what happened, or the server can't be reached
const SELDOM_MS = 60000; // while somebody does: for what changes by the clock alone
const FAILURES_BEFORE_SLOW = 3;

// #live: the stream of what happened. Elements name what they listen to in hx-trigger (`… from:#live`). While it can't
// be reached, everything asks again by itself, and a sign says so.
// Going back puts a new page into the same document, so the element is looked for each time.
const live = () => document.getElementById("live");
const isStream = (context) => Boolean(context?.sourceElement) && context.sourceElement.id === "live";
let isLive = false;
let liveFailures = 0;

function liveState(isOpen) {
  isLive = isOpen;
  live()?.setAttribute("data-state", isOpen ? "open" : "lost");
  liveFailures = isOpen ? 0 : liveFailures + 1;
  const sign = document.getElementById("slow");
  if (sign) sign.hidden = liveFailures < FAILURES_BEFORE_SLOW;
  if (liveFailures === FAILURES_BEFORE_SLOW) tick(true);
}

// The extension comes back by itself once it was connected; the first connection is tried again from here.
// Who is signed out does not come back: what the page asks next says what is to be done.
function reconnect(status) {
  if (status === 401) return over();
  if (!live() || live()._htmx?.sse) return;
  const pause = Math.min(500 * 2 ** liveFailures, SLOW_MS) * (0.7 + 0.6 * Math.random());
  setTimeout(() => live()?.dispatchEvent(new CustomEvent("reconnect")), pause);
}

function over() {
  liveFailures = FAILURES_BEFORE_SLOW - 1;
  liveState(false);
  live()?.setAttribute("data-state", "over");
}

document.addEventListener("htmx:sse:before:connection", (event) => {
  if (live()?.dataset.state === "over") event.preventDefault();
});
document.addEventListener("htmx:sse:after:connection", () => liveState(true));
document.addEventListener("htmx:sse:error", ({ detail }) => {
  liveState(false);
  if (detail.status === 401) over();
});
document.addEventListener("htmx:sse:close", ({ detail }) => {
  if (detail.reason === "message") over();
});
document.addEventListener("resync", () => tick(true));

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!isStream(ctx)) return;
  ctx.request.headers = { Accept: "text/event-stream" };
  ctx.request.credentials = "include";
});

// [data-poll]: asks for itself again while the page can be seen: seldom when it hears what happened, and after data-again
// seconds when it changes by the clock.
let failures = 0;
const asked = new WeakMap();
const opened = Date.now();

function pauseOf(element) {
  if (failures >= FAILURES_BEFORE_SLOW) return SLOW_MS;
  const hears = element.getAttribute("hx-trigger")?.includes("#live");
  const again = Number(element.dataset.again) * 1000 || (hears ? SELDOM_MS : POLL_MS);
  return hears && !isLive ? Math.min(again, SLOW_MS) : again;
}

function tick(isForced) {
  if (document.visibilityState !== "visible") return;
  for (const element of document.querySelectorAll("[data-poll]")) {
    const since = Date.now() - (asked.get(element) ?? opened);
    if (isForced || since >= pauseOf(element)) {
      asked.set(element, Date.now());
      element.dispatchEvent(new CustomEvent("tick"));
    }
  }
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", () => tick(true));
window.addEventListener("online", () => {
  connection(false);
  tick(true);
});
window.addEventListener("offline", () => connection(true, FAILURES_BEFORE_SLOW));

const isPoll = (context) => context?.sourceEvent?.type === "tick" || context?.sourceEvent?.target?.id === "live";

function connection(isLost, count = 1) {
  failures = isLost ? failures + count : 0;
  const sign = document.getElementById("connection");
  if (sign) sign.hidden = failures < 2;
}

// What a person did and failed is said, with the id to ask for help by; what a poll failed is only a sign in the top bar.
function trouble(status, id) {
  const box = document.getElementById("trouble");
  if (!box) return;
  box.hidden = !status;
  if (!status) return;
  for (const part of box.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== reasonOf(status);
  box.querySelector("[data-trace]").hidden = !id;
  box.querySelector("[data-trace] code").textContent = id ?? "";
}

const reasonOf = (status) => (status >= 500 || status === "lost" ? "broken" : "refused");

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-dismiss]")) trouble(null);
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (isStream(detail.ctx)) {
    liveState(false);
    reconnect();
  } else if (isPoll(detail.ctx)) connection(true);
  else if (detail.ctx) trouble("lost");
});
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const status = ctx.response?.status ?? 0;
  if (isStream(ctx)) {
    if (status >= 400) {
      liveState(false);
      reconnect(status);
    }
    return;
  }
  asked.set(ctx.sourceElement, Date.now());
  if (status === 401) keep();
  // A whole page that says what went wrong never takes the place of a part, nor of what was typed there.
  const isPage = status >= 400 && /^\s*<!doctype/i.test(ctx.text ?? "");
  if (isPage) event.preventDefault();
  if (isPoll(ctx)) connection(status >= 500);
  else trouble(isPage || status >= 500 ? status : null, ctx.response?.headers.get("X-Request-ID"));
});

// A session that ends while somebody types: the text waits in this tab until the same person has signed in again, sealed
// with a key that only that person's pages carry.
const KEPT = "kept";
const IV_BYTES = 12;
const typed = () =>
  [...document.querySelectorAll("main :is(textarea, select, input)[id]")].filter(
    (field) => !["hidden", "password", "file", "checkbox", "radio"].includes(field.type) && field.autocomplete !== "one-time-code",
  );

function key() {
  const raw = Uint8Array.from(atob(live().dataset.key), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function keep() {
  const values = typed().filter((field) => field.value !== (field.defaultValue ?? "")).map((field) => [field.id, field.value]);
  if (!live() || !values.length || !crypto.subtle) return;
  const text = new TextEncoder().encode(JSON.stringify({ path: location.pathname, values }));
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = [...iv, ...new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), text))];
  store((storage) => storage.setItem(KEPT, JSON.stringify(sealed)));
}

async function bringBack() {
  const sealed = live() && store((storage) => JSON.parse(storage.getItem(KEPT)));
  if (!sealed) return;
  try {
    const bytes = Uint8Array.from(sealed);
    const ways = { name: "AES-GCM", iv: bytes.slice(0, IV_BYTES) };
    const text = await crypto.subtle.decrypt(ways, await key(), bytes.slice(IV_BYTES));
    const { path, values } = JSON.parse(new TextDecoder().decode(text));
    if (path !== location.pathname) return;
    store((storage) => storage.removeItem(KEPT));
    for (const [id, value] of values) fill(typed().find((field) => field.id === id), value);
  } catch {
    store((storage) => storage.removeItem(KEPT)); // somebody else's
  }
}

function fill(field, value) {
  if (!field) return;
  field.value = value;
  const fold = field.closest("details");
  if (fold && value) fold.open = true;
}

function store(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null; // storage may be switched off
  }
}

bringBack();

// [data-countdown="<time>"]: seconds until then; at the end what holds it is over.
function countDown() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const left = Math.ceil((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
    element.textContent = left > 0 ? `${left} s` : "";
    if (left <= 0) element.closest("[data-passing]")?.remove();
  }
}

setInterval(countDown, 250);

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

// On a phone the parts of the settings stand in one row: the one that is open is brought into sight.
document.querySelector(".subnav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

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

// [data-copy="<id>"]: puts that text, or the one before it, on the clipboard and says so for a moment.
const SAID_MS = 2000;
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy) ?? button.previousElementSibling;
  await navigator.clipboard.writeText(source.textContent);
  const word = button.querySelector("[data-copy-word]");
  const before = word.textContent;
  word.textContent = word.dataset.copied;
  setTimeout(() => { word.textContent = before; }, SAID_MS);
});

// [data-dialog="<id>"]: opens it.
document.addEventListener("click", ({ target }) => {
  const id = target.closest("[data-dialog]")?.dataset.dialog;
  if (!id) return;
  closeMenus(null);
  document.getElementById(id).showModal();
});

// Single keys act outside fields and without a modifier, and can be switched off: one opens the keys, one and then a
// place's letter follow the link with that [data-go]. [data-shortcut="<act>"] shows an act's key; chosen, it takes the next
// one that is pressed, and the act that had it gets the old one. What was changed is kept in this browser.
const GO_MS = 3000;
const FIRST_KEYS = { keys: "?", go: "g" }; // a place's act is its letter
let isGoing = 0;
let ownKeys = kept(() => JSON.parse(localStorage.getItem("own-keys"))) ?? {};

function kept(use) {
  try {
    return use();
  } catch {
    return null; // storage may be switched off; then a change lasts for this page
  }
}

const keyOf = (act) => ownKeys[act] ?? FIRST_KEYS[act] ?? act;
const isPlace = (act) => !(act in FIRST_KEYS);

function showKeys() {
  for (const button of document.querySelectorAll("[data-shortcut]")) {
    button.firstElementChild.textContent = keyOf(button.dataset.shortcut).toUpperCase();
    button.setAttribute("aria-pressed", "false");
  }
}

function changeKeys(changed) {
  ownKeys = changed;
  kept(() => localStorage.setItem("own-keys", JSON.stringify(ownKeys)));
  showKeys();
}

function giveKey(act, key) {
  const acts = [...document.querySelectorAll("[data-shortcut]")].map((button) => button.dataset.shortcut);
  const other = acts.find((one) => one !== act && isPlace(one) === isPlace(act) && keyOf(one) === key);
  changeKeys({ ...ownKeys, ...(other && { [other]: keyOf(act) }), [act]: key });
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-keys-first]")) changeKeys({});
  const button = target.closest("[data-shortcut]");
  if (!button) return;
  const isWaiting = button.getAttribute("aria-pressed") === "true";
  showKeys();
  button.setAttribute("aria-pressed", String(!isWaiting));
});

document.addEventListener("keydown", (event) => {
  const { target } = event;
  const key = event.key.toLowerCase();
  const isSingle = !event.ctrlKey && !event.metaKey && !event.altKey;
  const waiting = document.querySelector("dialog[open] [data-shortcut][aria-pressed=true]");
  if (waiting && isSingle && (key === "escape" || (key.length === 1 && key !== " "))) {
    event.preventDefault();
    if (key === "escape") showKeys();
    else giveKey(waiting.dataset.shortcut, key);
    return;
  }
  const isTyping = target.closest("input, select, textarea, [contenteditable], dialog");
  if (isTyping || !isSingle || document.documentElement.dataset.keys === "off") return;
  if (key === keyOf("keys")) document.getElementById("keys")?.showModal();
  const link =
    Date.now() < isGoing && [...document.querySelectorAll("[data-go]")].find((one) => keyOf(one.dataset.go) === key);
  if (link) link.click();
  isGoing = key === keyOf("go") ? Date.now() + GO_MS : 0;
});
showKeys();

// [data-as-of="<zone>"]: the moment of the server's last answer, also when it said that nothing has changed.
document.addEventListener("htmx:after:request", ({ detail }) => {
  const { sourceElement, response } = detail.ctx;
  const shown = sourceElement?.querySelector?.("[data-as-of]");
  const told = response?.headers.get("Date");
  if (response?.status !== 304 || !shown || !told) return;
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: shown.dataset.asOf };
  shown.textContent = new Date(told).toLocaleTimeString("en-GB", format);
});

// [data-connect="<origin>"]: a form that is sent when the vendor's page in the frame says that the account is connected.
const connecting = document.querySelector("[data-connect]");

window.addEventListener("message", (event) => {
  if (event.origin !== connecting?.dataset.connect || typeof event.data?.type !== "string") return;
  document.querySelector("[data-connect-trouble]").hidden = event.data.type !== "onlyfansapi.auth.failed";
  if (event.data.type !== "onlyfansapi.auth.success") return;
  connecting.elements.account.value = String(event.data.payload?.accountId ?? "").slice(0, 100);
  connecting.submit(); // the server asks the vendor itself; what the frame says is only compared
});
