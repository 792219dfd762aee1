// Refreshes the page's main part every two seconds, unless somebody is typing in it.
"use strict";

const live = document.getElementById("live");

function busy() {
  const field = document.activeElement;
  if (field && field.tagName === "INPUT") return true;
  return [...live.querySelectorAll("input[name=text]")].some((input) => input.value !== "");
}

async function refresh() {
  if (document.hidden || busy()) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || busy()) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  const focus = document.activeElement ? document.activeElement.id : "";
  const kept = new Map([...live.querySelectorAll(".phone .talk")].map((talk) => [talk.parentElement.id, talk.scrollTop]));
  live.replaceChildren(...fresh.childNodes);
  for (const talk of live.querySelectorAll(".phone .talk")) talk.scrollTop = kept.get(talk.parentElement.id) || 0;
  if (focus) document.getElementById(focus)?.focus();
}

setInterval(() => refresh().catch(() => {}), 2000);
