(() => {
  const main = document.querySelector("main");
  const status = main.querySelector("[role=status]");
  const other = (page) => [...page.children].filter((one) => one.getAttribute("role") !== "status");
  let due = 0, renewed = 0;
  const show = (page) => {
    const next = page.querySelector("main"), words = next.querySelector("[role=status]");
    const label = document.activeElement?.getAttribute("aria-label");
    const across = [...main.querySelectorAll(".w")].map((one) => one.scrollLeft);
    if (status.textContent !== words.textContent) status.textContent = words.textContent;
    other(main).forEach((one) => one.remove());
    let after = false;
    for (const one of [...next.children]) {
      if (one === words) after = true;
      else if (after) main.append(one);
      else status.before(one);
    }
    document.querySelector("footer").replaceWith(page.querySelector("footer"));
    [...main.querySelectorAll(".w")].forEach((one, place) => { one.scrollLeft = across[place] ?? 0; });
    const focused = [...main.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === label);
    if (label) focused?.focus({ preventScroll: true });
    main.dataset.renewed = ++renewed;
  };
  const renew = async () => {
    due = 0;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.status);
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      status.textContent = "This page is out of date: the server does not answer.";
    }
  };
  const soon = () => { due = due || setTimeout(renew, 300); };
  new EventSource("api/v1/events").onmessage = soon;
  setInterval(() => { if (!document.hidden) soon(); }, 15000);
})();
