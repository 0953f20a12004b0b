// Small comforts for the sandbox EHR's pages; everything works without them.
"use strict";

for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
for (const button of document.querySelectorAll("[data-without-script]")) {
  button.hidden = true;
}

// Resizing the panel must not launch the app again, so the link is not followed.
const layout = document.querySelector(".layout[data-width]");
for (const link of document.querySelectorAll("[data-set-width]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    layout.dataset.width = link.dataset.setWidth;
    for (const other of document.querySelectorAll("[data-set-width]")) {
      other.toggleAttribute("aria-current", other === link);
    }
  });
}

document.querySelector(".schedule [aria-current]")?.scrollIntoView({ block: "nearest" });
