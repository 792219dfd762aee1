// [data-security-key="create|get"]: a form whose hidden `response` is the answer of a security key to data-options, or to
// what the address in data-options-from asks when somebody wants to answer.

const form = document.querySelector("[data-security-key]");
const trouble = form.querySelector("[data-security-key-trouble]");

async function options() {
  const { options: known, optionsFrom } = form.dataset;
  if (known) return JSON.parse(known);
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  const answer = await fetch(optionsFrom, { method: "POST", body });
  if (!answer.ok) throw new Error("no question");
  return answer.json();
}

async function ask() {
  const { publicKey } = await options();
  if (form.dataset.securityKey === "create") {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

form.querySelector("[data-security-key-ask]").addEventListener("click", async () => {
  const name = form.elements.name;
  if (name instanceof HTMLInputElement && !form.reportValidity()) return;
  trouble.hidden = true;
  try {
    const answer = await ask();
    form.elements.response.value = JSON.stringify(answer.toJSON());
    form.submit();
  } catch {
    trouble.hidden = false; // refused, timed out, or no key here; the browser said which
  }
});
