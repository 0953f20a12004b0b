// Polish that HTML cannot do by itself. The panel works without this file.
(() => {
  "use strict";

  // A request that never came back: say so, instead of "asking" for ever.
  document.addEventListener("htmx:error", (event) => {
    if (event.target.closest?.("#flags, #huddle")) document.getElementById("lost")?.removeAttribute("hidden");
  });
  document.addEventListener("htmx:after:swap", () => document.getElementById("lost")?.setAttribute("hidden", ""));

  // A tap makes its row short, and what stood below moves up under the pointer: the second half of a double click must
  // not answer about another row.
  let last = { when: 0, x: 0, y: 0 };
  document.addEventListener("click", (event) => {
    if (!event.detail || !event.target.closest?.("#flags")) return; // by keyboard the focus stays on its row
    const now = Date.now(), near = Math.hypot(event.clientX - last.x, event.clientY - last.y) < 8;
    if (near && now - last.when < 500) event.preventDefault();
    else if (event.target.closest("form button")) last = { when: now, x: event.clientX, y: event.clientY };
  }, true);

  // A morph that takes the focused button away must not throw the reader back to the top of the page: the focus stays
  // on the row of the tap, else (Retry) near where the button was.
  let focused = null, row = "";
  const answered = () => {
    const found = row ? document.getElementById(row) : null;
    return (found?.closest("details:not([open])") ?? found)?.querySelector("summary, button:not([hidden]), a");
  };
  document.addEventListener("htmx:before:swap", () => {
    focused = document.activeElement;
    row = focused?.closest?.(".row")?.id ?? "";
  });
  document.addEventListener("htmx:after:settle", () => {
    const lost = focused && !focused.isConnected && document.activeElement === document.body;
    if (lost) (answered() ?? document.querySelector("#sources > summary"))?.focus({ preventScroll: true });
    focused = null;
  });
})();
