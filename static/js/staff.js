// Behaviours of the staff's pages, one data- attribute each. The pages work without them.

const isField = (element) => element.closest("input, textarea, select, [contenteditable]");

// [data-slash]: "/" goes to the search box, from anywhere but a field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  const box = document.querySelector("[data-slash]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// [data-rows]: the arrow keys go from one link marked [data-row] to the next; the box above counts as the first.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const rows = [...document.querySelectorAll("[data-rows] [data-row]")];
  if (!step || !rows.length) return;
  const box = document.querySelector("[data-slash]");
  const stops = [box, ...rows];
  const at = stops.indexOf(event.target);
  const next = at < 0 ? null : stops[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// [data-all]: checks every box of the table it stands in.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-all]")) return;
  for (const box of target.closest("table").querySelectorAll("tbody input[type=checkbox]")) box.checked = target.checked;
});
