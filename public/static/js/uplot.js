// Loads uPlot where it is wanted; a server that was set up without npm does not have it.

const SCRIPT = document.querySelector('meta[name="uplot-script"]')?.content;
const STYLE = document.querySelector('meta[name="uplot-style"]')?.content;
let loading = null;

/** uPlot's constructor, or null where it is not installed. */
export function loadUPlot() {
  loading ??= SCRIPT ? load() : Promise.resolve(null);
  return loading;
}

function load() {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = STYLE;
  const script = document.createElement("script");
  script.src = SCRIPT;
  const styled = new Promise((resolve) => {
    style.onload = resolve;
    style.onerror = resolve;
  });
  const scripted = new Promise((resolve) => {
    script.onload = () => resolve(window.uPlot ?? null);
    script.onerror = () => resolve(null);
  });
  document.head.append(style, script);
  return Promise.all([scripted, styled]).then(([constructor]) => constructor);
}
