// Tells the parent window what the person chose, in the vendor's words.
"use strict";

const labels = {
  "onlyfansapi.auth.success": "Connected. You can go back.",
  "onlyfansapi.auth.failed": "That did not work.",
  "onlyfansapi.auth.continue": "One more step.",
};

async function choose(choice) {
  const code = document.querySelector("#code input").value;
  const answer = await fetch(location.pathname, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ choice, code }),
  });
  if (!answer.ok) return;
  const message = await answer.json();
  for (const name of ["code", "face"]) document.getElementById(name).hidden = message.payload.needs !== name;
  document.getElementById("said").textContent = labels[message.type];
  window.parent.postMessage(message, "*");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-choice]");
  if (button) choose(button.dataset.choice);
});
