// [data-connect]: a form that is sent when the vendor's page in the frame says that the account is connected.

const form = document.querySelector("[data-connect]");
const trouble = document.querySelector("[data-connect-trouble]");

window.addEventListener("message", (event) => {
  if (event.origin !== form.dataset.connect || typeof event.data?.type !== "string") return;
  trouble.hidden = event.data.type !== "onlyfansapi.auth.failed";
  if (event.data.type !== "onlyfansapi.auth.success") return;
  form.elements.account.value = String(event.data.payload?.accountId ?? "").slice(0, 100);
  form.submit(); // the server asks the vendor itself; what the frame says is only compared
});
