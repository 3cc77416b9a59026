// What HTML alone cannot do: times in the reader's zone, copying, reading a picture, and reading a one-time link's secret,
// which stands behind the # so that no server, log or proxy sees it. Every page works without this file.
"use strict";

const near = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = near.format(at);
    time.title = `${exact.format(at)} (${time.dateTime})`;
  }
}

function fillFromFragment() {
  const field = document.querySelector("input[data-from-fragment]");
  if (!field || location.hash.length < 2) return;
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  const words = button.querySelector("span");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    words.textContent = "Copied";
  } catch {
    words.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (words.textContent = "Copy"), 2000);
}

// A file goes into a form as text: the form stays a plain one, and without this file the command line takes the picture.
function read(input) {
  const [file] = input.files;
  const into = document.getElementById(input.dataset.into);
  into.value = "";
  if (!file) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => (into.value = reader.result.split(",", 2)[1]));
  reader.readAsDataURL(file);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file][data-into]")) read(event.target);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
document.addEventListener("htmx:load", (event) => showLocalTimes(event.detail.elt));
fillFromFragment();
document.querySelector("form[data-go]")?.submit();
showLocalTimes(document);
