// What scripts add to importing; every page works without them.

for (const it of document.querySelectorAll("[data-js-only]")) it.hidden = false;
for (const it of document.querySelectorAll("[data-no-js]")) it.hidden = true;
for (const menu of document.querySelectorAll("select[data-goes]")) menu.addEventListener("change", () => menu.form.submit());

// A form that publishes is sent once; the server would take a second one as the same anyway.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    // Disabled only after the browser has taken the button's value.
    setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; }, 0);
  });
}
// Coming back by the browser's history must not find a dead button.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
});

for (const form of document.querySelectorAll("form[data-upload]")) {
  const zone = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  const pasted = form.querySelector("textarea[name=pasted]");
  const part = (name) => zone.querySelector(`[data-${name}]`);
  const button = form.querySelector("button.main");
  const max = Number(zone.dataset.max);

  const size = (bytes) => bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  const renew = () => {
    const file = input.files[0];
    part("chosen").hidden = !file;
    part("chosen").textContent = file ? `${file.name} · ${size(file.size)}` : "";
    part("too-large").hidden = !file || file.size <= max;
    part("broken").hidden = true;
    button.disabled = Boolean(file) && file.size > max;
  };
  input.addEventListener("change", renew);
  renew();

  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  zone.addEventListener("dragleave", (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove("over"); });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    renew();
    button.focus();
  });
  // Cells copied from a table may be pasted anywhere on the page.
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("input, textarea")) return;
    const text = event.clipboardData.getData("text/plain");
    if (event.clipboardData.files.length > 0) { input.files = event.clipboardData.files; renew(); button.focus(); }
    else if (text.includes("\t")) { pasted.value = text; pasted.focus(); }
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const bar = part("progress");
    const idle = () => { bar.hidden = true; button.disabled = false; };
    request.upload.addEventListener("progress", (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; });
    const broken = () => { idle(); part("broken").hidden = false; };
    request.addEventListener("error", broken);
    request.addEventListener("abort", broken);
    request.addEventListener("load", () => {
      const here = new URL(form.action).pathname;
      if (request.status < 400 && new URL(request.responseURL).pathname !== here) { location.assign(request.responseURL); return; }
      idle();
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const said = answer.querySelector("#e-file") ?? answer.querySelector(".a-flash.bad") ?? answer.querySelector("main");
      const old = zone.querySelector("#e-file");
      const line = old ?? zone.insertBefore(document.createElement("p"), bar);
      line.id = "e-file";
      line.className = "a-error";
      line.setAttribute("role", "alert");
      line.textContent = said ? said.textContent.trim().replace(/\s+/g, " ") : "";
    });
    bar.hidden = false;
    bar.value = 0;
    button.disabled = true;
    part("broken").hidden = true;
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
}
