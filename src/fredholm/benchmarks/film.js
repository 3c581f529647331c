// Plays the films of a report: one slider moves all the screens of a film.
"use strict";
const still = matchMedia("(prefers-reduced-motion: reduce)");

// A sheet holds all frames in rows; one of them is copied to the canvas.
function fromSheet(canvas) {
  const { width, height, nextElementSibling: sheet } = canvas;
  const columns = Number(canvas.dataset.columns);
  const context = canvas.getContext("2d");
  return (n) => context.drawImage(
    sheet, (n % columns) * width, Math.floor(n / columns) * height, width, height,
    0, 0, width, height);
}

// Curves are heights in thousandths of the canvas, null where a value is not finite.
function fromCurves(canvas) {
  const curves = JSON.parse(canvas.dataset.curves);
  const context = canvas.getContext("2d");
  return (n) => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const { colour, dash, frames } of curves) {
      const heights = frames[n];
      context.beginPath();
      heights.forEach((height, i) => {
        if (height === null) return;
        const x = canvas.width * i / Math.max(heights.length - 1, 1);
        const y = canvas.height * (1 - height / 1000);
        if (i > 0 && heights[i - 1] !== null) context.lineTo(x, y);
        else context.moveTo(x, y);
      });
      context.strokeStyle = colour;
      context.setLineDash(dash);
      context.lineWidth = 4;
      context.stroke();
    }
  };
}

function play(film) {
  const labels = JSON.parse(film.dataset.labels);
  const screens = [...film.querySelectorAll("canvas")].map(
    (canvas) => canvas.dataset.curves ? fromCurves(canvas) : fromSheet(canvas));
  const button = film.querySelector("button");
  const slider = film.querySelector("input");
  const output = film.querySelector("output");
  const pause = Math.min(Math.max(6000 / labels.length, 80), 400);
  let timer = null;

  function show(n) {
    screens.forEach((draw) => draw(n));
    slider.value = n;
    slider.setAttribute("aria-valuetext", labels[n]);
    output.textContent = labels[n];
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }
  function start() {
    let next = Number(slider.value) % (labels.length - 1);
    button.textContent = "Pause";
    show(next);
    timer = setInterval(() => {
      show(++next);
      if (next === labels.length - 1) stop();
    }, pause);
  }

  button.onclick = () => timer === null ? start() : stop();
  slider.oninput = () => { stop(); show(Number(slider.value)); };
  button.disabled = labels.length < 2;
  film.hidden = false;
  show(0);
  if (still.matches || labels.length < 2) return;
  // Once by itself, when it is first seen.
  const seen = new IntersectionObserver((found) => {
    if (!found.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    if (timer === null) start();
  }, { threshold: 0.6 });
  seen.observe(film);
}

for (const film of document.querySelectorAll(".film")) {
  const sheets = [...film.querySelectorAll("img.sheet")];
  Promise.all(sheets.map((sheet) => sheet.decode())).then(() => play(film));
}
