// [data-as-of="<zone>"]: the moment of the server's last answer, also when it said that nothing has changed.
document.addEventListener("htmx:after:request", ({ detail }) => {
  const { sourceElement, response } = detail.ctx;
  const shown = sourceElement?.querySelector?.("[data-as-of]");
  const told = response?.headers.get("Date");
  if (response?.status !== 304 || !shown || !told) return;
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: shown.dataset.asOf };
  shown.textContent = new Date(told).toLocaleTimeString("en-GB", format);
});
