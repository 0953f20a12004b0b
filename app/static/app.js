// Polish that HTML cannot do by itself. The panel works without this file.
(() => {
  "use strict";

  // A request that never came back: say so, instead of "asking" for ever.
  document.addEventListener("htmx:error", (event) => {
    if (event.target.closest?.("#flags, #huddle")) document.getElementById("lost")?.removeAttribute("hidden");
  });
  document.addEventListener("htmx:after:swap", () => document.getElementById("lost")?.setAttribute("hidden", ""));

  // A morph that takes the focused button away (Retry) must not throw the reader back to the top of the page.
  let focused = null;
  document.addEventListener("htmx:before:swap", () => { focused = document.activeElement; });
  document.addEventListener("htmx:after:settle", () => {
    const lost = focused && !focused.isConnected && document.activeElement === document.body;
    if (lost) document.querySelector("#sources > summary")?.focus({ preventScroll: true });
    focused = null;
  });
})();
