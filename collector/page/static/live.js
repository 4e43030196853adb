// Renews the parts of the page that are marked data-live, every two seconds, without touching what did not change: focus, selection and scroll
// positions stay. Pages work without it: they load themselves anew.
"use strict";
(() => {
  const every = 2000;
  if (!document.body.hasAttribute("data-live-page")) return;
  const button = document.getElementById("live");
  let paused = false, timer = 0, failed = 0;

  // morph makes the node a like b.
  const morph = (a, b) => {
    if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) {
      a.replaceWith(document.importNode(b, true));
      return;
    }
    if (a.nodeType !== Node.ELEMENT_NODE) {
      if (a.nodeValue !== b.nodeValue) a.nodeValue = b.nodeValue;
      return;
    }
    for (const { name } of [...a.attributes]) {
      if (!b.hasAttribute(name) && !(name === "open" && a.nodeName === "DETAILS")) a.removeAttribute(name);
    }
    for (const { name, value } of [...b.attributes]) {
      if (a.getAttribute(name) !== value) a.setAttribute(name, value);
    }
    const from = [...a.childNodes], to = [...b.childNodes];
    to.forEach((node, i) => (i < from.length ? morph(from[i], node) : a.append(document.importNode(node, true))));
    from.slice(to.length).forEach((node) => node.remove());
  };

  const show = (state, text) => {
    button.dataset.state = state;
    const label = button.querySelector(".label");
    if (label.textContent !== text) label.textContent = text;
    button.setAttribute("aria-pressed", String(!paused));
  };

  const renew = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(10000) });
      if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const parts = [...document.querySelectorAll("[data-live]")];
      const found = parts.map((part) => fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`));
      // Where parts come or go, as with the first packet of an exporter, all of the content is another.
      if (found.includes(null) || fresh.querySelectorAll("[data-live]").length !== parts.length) {
        morph(document.getElementById("content"), fresh.getElementById("content"));
      } else {
        parts.forEach((part, i) => morph(part, found[i]));
      }
      document.title = fresh.title;
      failed = 0;
      if (!paused) show("live", "Live");
    } catch {
      failed++;
      if (!paused) show("lost", "No answer");
    }
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(renew, every * Math.min(8, 1 + failed));
  };

  button.hidden = false;
  show("live", "Live");
  button.addEventListener("click", () => {
    paused = !paused;
    show(paused ? "paused" : "live", paused ? "Paused" : "Live");
    plan();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused) renew();
  });
  plan();
})();
