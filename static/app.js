// Odeus: small comforts. Every page works without this file.
(function () {
  "use strict";
  var doc = document;

  function closest(event, selector) {
    return event.target instanceof Element ? event.target.closest(selector) : null;
  }
  function each(selector, act, root) {
    Array.prototype.forEach.call((root || doc).querySelectorAll(selector), act);
  }

  // ---- toasts: HX-Trigger: {"toast": {"tone": "success", "message": "Saved."}} ----
  function toast(message, tone) {
    var region = doc.getElementById("toasts");
    if (!region || !message) return;
    var box = doc.createElement("div");
    box.className = "toast toast--" + (/^(success|warning|danger|info)$/.test(tone) ? tone : "info");
    var text = doc.createElement("div");
    text.className = "toast__text";
    text.textContent = message;
    var close = doc.createElement("button");
    close.type = "button";
    close.className = "btn btn--quiet btn--small";
    close.textContent = "Close";
    close.setAttribute("data-toast-close", "");
    box.append(text, close);
    region.append(box);
    while (region.children.length > 3) region.firstElementChild.remove();
    fade(box);
  }
  function fade(box) {   // not an error, and not while someone reads it
    if (!box.matches(".toast--danger")) setTimeout(function () { if (box.matches(":hover, :focus-within")) fade(box); else box.remove(); }, 6000);
  }
  each(".toast", fade);
  doc.addEventListener("toast", function (event) {
    var detail = event.detail || {};
    toast(detail.message || detail.value, detail.tone);
  });
  doc.addEventListener("htmx:responseError", function (event) {
    var xhr = event.detail.xhr;
    if (/toast/.test(xhr.getResponseHeader("HX-Trigger") || "")) return;
    var id = xhr.getResponseHeader("X-Request-Id");
    toast("That did not work (" + xhr.status + "). Reload the page and try again." + (id ? " Request " + id + "." : ""), "danger");
  });
  doc.addEventListener("htmx:sendError", function () {
    toast("The server could not be reached. Check your connection and try again.", "danger");
  });

  // ---- forms: one submit at a time, and the button says so ----
  function busy(form, submitter) {
    form.setAttribute("data-busy", "");
    var button = submitter || form.querySelector("button[type=submit], button:not([type])");
    if (button) { button.setAttribute("aria-busy", "true"); button.setAttribute("aria-disabled", "true"); }
  }
  function idle(form) {
    form.removeAttribute("data-busy");
    var mark = function (button) { button.removeAttribute("aria-busy"); button.removeAttribute("aria-disabled"); };
    each("[aria-busy=true]", mark, form);
    if (form.id) each('[aria-busy=true][form="' + CSS.escape(form.id) + '"]', mark);
  }
  doc.addEventListener("submit", function (event) {
    if (event.target.hasAttribute("data-busy")) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
  doc.addEventListener("submit", function (event) {
    if (!event.defaultPrevented && event.target.method === "post") busy(event.target, event.submitter);
  });
  doc.addEventListener("htmx:beforeRequest", function (event) {
    var elt = event.detail.elt, cause = event.detail.requestConfig.triggeringEvent;
    if (elt instanceof HTMLFormElement && event.detail.requestConfig.verb !== "get") busy(elt, cause && cause.submitter);
  });
  doc.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.elt instanceof HTMLFormElement) idle(event.detail.elt);
  });
  window.addEventListener("pageshow", function () { each("form[data-busy]", idle); });

  // ---- a form that goes on by itself, once: coming back to the page by the browser's history sends nothing ----
  each("form[data-autosubmit]", function (form) {
    var visits = performance.getEntriesByType("navigation")[0];
    if (visits && visits.type !== "navigate") return;
    form.removeAttribute("data-autosubmit");
    form.requestSubmit();
  });

  // ---- dialogs: data-dialog-open="id" on a link or button; a link's href is the way without script ----
  function show(dialog, opener) {
    if (!dialog || dialog.open || !dialog.showModal) return false;
    dialog.showModal();
    dialog.addEventListener("close", function () { if (opener && opener.isConnected) opener.focus(); }, { once: true });
    return true;
  }
  doc.addEventListener("htmx:load", function (event) {   // a dialog that the server sent, open it
    each("dialog[data-dialog-auto]", function (dialog) { dialog.removeAttribute("data-dialog-auto"); show(dialog, doc.activeElement); }, event.target.parentNode || doc);
  });

  // ---- filter as you type: <input data-filter="list-id">, items are [data-filter-item] ----
  function filter(input) {
    var list = doc.getElementById(input.getAttribute("data-filter"));
    if (!list) return;
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    each("[data-filter-item]", function (item) {
      var text = ((item.getAttribute("data-filter-item") || "") + " " + item.textContent).toLowerCase();
      item.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      if (!item.hidden) shown += 1;
    }, list);
    each("[data-filter-group]", function (group) { group.hidden = !group.querySelector("[data-filter-item]:not([hidden])"); }, list);
    each("[data-filter-empty]", function (note) { note.hidden = shown > 0; }, list);
  }
  doc.addEventListener("input", function (event) {
    var input = closest(event, "[data-filter]");
    if (input) filter(input);
  });
  each("[data-filter]", function (input) { if (input.value) filter(input); });

  // ---- a file into a text area: <input type="file" data-read-into="id">; nothing is uploaded but the text ----
  doc.addEventListener("change", function (event) {
    var input = closest(event, "input[data-read-into]"), file = input && input.files[0];
    if (!file) return;
    if (file.size > 5 * 1024 * 1024) { toast(file.name + " is too large: at most 5 MiB.", "danger"); return; }
    file.text().then(function (text) {
      var area = doc.getElementById(input.getAttribute("data-read-into"));
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }, function () { toast(file.name + " could not be read.", "danger"); });
  });

  // ---- clicks ----
  function copy(button) {
    var source = doc.getElementById(button.getAttribute("data-copy"));
    var value = source ? ("value" in source ? source.value : source.textContent) : button.getAttribute("data-copy-text");
    if (!value) return;
    var label = button.querySelector("[data-copy-label]") || button, before = label.textContent;
    var say = function (word) {
      if (button.hasAttribute("data-copied")) return;
      button.setAttribute("data-copied", "");
      label.textContent = word;
      setTimeout(function () { label.textContent = before; button.removeAttribute("data-copied"); }, 1600);
    };
    var failed = function () { if (source && source.select) source.select(); say("Press Ctrl+C"); };
    if (navigator.clipboard) navigator.clipboard.writeText(value.trim()).then(function () { say("Copied"); }, failed);
    else failed();
  }
  doc.addEventListener("click", function (event) {
    var el;
    if ((el = closest(event, "[data-copy], [data-copy-text]"))) copy(el);
    else if ((el = closest(event, "[data-dialog-open]"))) {
      if (show(doc.getElementById(el.getAttribute("data-dialog-open")), el)) event.preventDefault();
    } else if ((el = closest(event, "[data-dialog-close]"))) {
      var dialog = el.closest("dialog");
      if (dialog) { dialog.close(); event.preventDefault(); }
    } else if (event.target instanceof HTMLDialogElement) event.target.close();          // a click on the backdrop
    else if ((el = closest(event, "[data-toast-close]"))) { if (el.closest(".toast")) el.closest(".toast").remove(); }
    else if ((el = closest(event, "[data-unfold], [data-fold]"))) {
      var open = el.hasAttribute("data-unfold"), target = doc.getElementById(el.getAttribute(open ? "data-unfold" : "data-fold"));
      if (target) each("details", function (details) { details.open = open; }, target);
    }
    each("details.dropdown[open], details.switcher[open]", function (menu) { if (!menu.contains(event.target)) menu.open = false; });
  });
  doc.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && closest(event, "details.dropdown[open], details.switcher[open], details.topbar[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();
