// What fingers, mouse and keys do on a chart: drag to zoom, shift-drag or two fingers to pan, arrows, plus and minus.

const STEP = 0.25; // of the span, per pan

/**
 * @param {object} plot uPlot's
 * @param {object} to what to call: zoom(start, end), pan(seconds), scale(factor, at), reset(), at what time `at` the middle is
 * @returns {function} takes everything off again
 */
export function listen(plot, to) {
  const over = plot.over;
  const ends = [
    on(over, "mousedown", (event) => event.button === 0 && event.shiftKey && dragPan(event), true),
    on(over, "wheel", wheel, { passive: false }),
    on(over, "pointerdown", fingerDown),
    on(over, "pointermove", fingerMove),
    ...["pointerup", "pointercancel", "pointerleave"].map((name) => on(over, name, fingerUp)),
  ];
  const fingers = new Map();
  let pinch = null;

  const secondsPerPixel = () => (plot.scales.x.max - plot.scales.x.min) / over.clientWidth;

  function dragPan(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    let from = event.clientX;
    const move = on(document, "mousemove", (moved) => {
      to.pan((from - moved.clientX) * secondsPerPixel());
      from = moved.clientX;
    });
    const up = on(document, "mouseup", () => {
      move();
      up();
    });
  }

  function wheel(event) {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return; // the page scrolls
    event.preventDefault();
    if (event.shiftKey) to.pan((event.deltaX || event.deltaY) * secondsPerPixel());
    else to.scale(Math.exp(Math.max(Math.min(event.deltaY, 200), -200) / 300), plot.posToVal(event.offsetX, "x"));
  }

  function fingerDown(event) {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, event.clientX);
    if (fingers.size === 2) pinch = spread();
  }

  function fingerMove(event) {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX);
    if (!pinch || fingers.size !== 2) return;
    const now = spread();
    const middle = plot.posToVal(now.middle - over.getBoundingClientRect().left, "x");
    to.pan((pinch.middle - now.middle) * secondsPerPixel());
    if (Math.abs(now.width - pinch.width) > 2) to.scale(pinch.width / now.width, middle);
    pinch = now;
  }

  function fingerUp(event) {
    fingers.delete(event.pointerId);
    if (fingers.size < 2) pinch = null;
  }

  function spread() {
    const [one, other] = [...fingers.values()];
    return { middle: (one + other) / 2, width: Math.max(Math.abs(one - other), 20) };
  }

  return () => ends.forEach((end) => end());
}

/** What a key does on a chart with the focus; returns whether it is one of its keys. */
export function press(event, plot, to) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const span = plot.scales.x.max - plot.scales.x.min;
  const middle = plot.scales.x.min + span / 2;
  const at = plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : middle;
  const keys = {
    ArrowLeft: () => (event.shiftKey ? to.pan(-span * STEP) : to.move(-1)),
    ArrowRight: () => (event.shiftKey ? to.pan(span * STEP) : to.move(1)),
    PageUp: () => to.pan(-span),
    PageDown: () => to.pan(span),
    Home: () => to.move(-Infinity),
    End: () => to.move(Infinity),
    "+": () => to.scale(0.5, at),
    "=": () => to.scale(0.5, at),
    "-": () => to.scale(2, at),
    _: () => to.scale(2, at),
    0: () => to.reset(),
    Escape: () => to.reset(),
  };
  if (!Object.hasOwn(keys, event.key)) return false;
  event.preventDefault();
  keys[event.key]();
  return true;
}

/** Listen to an event; returns what takes it off. */
function on(target, name, call, options = false) {
  target.addEventListener(name, call, options);
  return () => target.removeEventListener(name, call, options);
}

/** Move the cursor by so many rows of what is shown; where there is none, from the edge. */
export function moveCursor(plot, rows) {
  const [first, last] = plot.series[0].idxs;
  const index = plot.cursor.idx ?? (rows < 0 ? last + 1 : first - 1);
  const next = Math.min(Math.max(index + rows, first), last);
  plot.setCursor({ left: plot.valToPos(plot.data[0][next], "x"), top: plot.over.clientHeight / 2 });
}
