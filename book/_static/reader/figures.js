// Figures, larger: a button beside the caption, or a tap on the picture. Escape closes,
// and the focus goes back to where it was (both are the dialog element's own).
"use strict";
(() => {
  let dialog;
  const build = () => {
    dialog = document.createElement("dialog");
    dialog.className = "enlarged";
    dialog.innerHTML = `<button type="button" class="close">Close</button>
      <figure><div class="view" tabindex="0" role="group" aria-label="Picture, scrolls"></div>
      <figcaption></figcaption></figure>`;
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // the space around it
    });
    document.querySelector(".bd-article").append(dialog); // where pictures turn dark
  };

  const enlarge = (image, number, caption) => {
    if (!dialog) build();
    const copy = image.cloneNode();
    copy.removeAttribute("id");
    copy.loading = "eager";
    copy.classList.remove("can-enlarge");
    dialog.setAttribute("aria-label", `${number || "Figure"}, larger`);
    dialog.querySelector(".view").replaceChildren(copy);
    const text = caption?.cloneNode(true);
    text?.querySelector(".headerlink")?.remove();
    dialog.querySelector("figcaption").replaceChildren(...text?.childNodes ?? []);
    dialog.showModal();
  };

  for (const image of document.querySelectorAll(".bd-article figure img")) {
    const figcaption = image.closest("figure").querySelector("figcaption");
    if (!figcaption) continue;
    const caption = figcaption.querySelector("p");
    const number = figcaption.querySelector(".caption-number")?.textContent.trim() ?? "";
    let tools = figcaption.querySelector(".tools");
    if (!tools) {
      tools = document.createElement("div");
      tools.className = "tools";
      figcaption.append(tools);
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.innerHTML = `enlarge<span class="visually-hidden"> ${number}</span>`;
    tools.prepend(" ", button);
    const open = () => enlarge(image, number, caption);
    button.addEventListener("click", open);
    image.classList.add("can-enlarge");
    image.addEventListener("click", open);
  }
})();
