// Line charts of the last minutes, drawn as SVG in the colours of the theme.

import { h, replace } from './ui.js';

const height = 150;
const margin = { top: 8, right: 8, bottom: 20, left: 44 };

/**
 * A chart with its title and legend. set(series) draws it: series are {name,
 * points: [[time, value]]}, with times in milliseconds. It shows one minute, and
 * more of them once there are.
 * Values stand in the legend as text, so that the picture is not needed;
 * pointing at the picture, or the arrow keys on it, show those of a moment.
 */
export function chart(title, { format = String, stacked = false } = {}) {
  const legend = h('ul', { class: 'legend' });
  const picture = h('div', { class: 'plot', tabindex: 0, role: 'img', 'aria-label': title });
  const moment = h('span', { class: 'muted moment' });
  const el = h('figure', { class: ['card', 'chart'] }, h('figcaption', h('h3', title), moment), picture, legend);
  let series = [];
  let span = 60000;
  let times = [];
  let at = null; // index into times of the moment that is shown, or null for now

  const draw = () => {
    const width = Math.max(220, picture.clientWidth || 400);
    const inner = { w: width - margin.left - margin.right, h: height - margin.top - margin.bottom };
    const end = times.at(-1) ?? 0;
    const start = end - span;
    const shown = times.filter((t) => t >= start);
    const value = (s, t) => s.byTime.get(t) ?? null;
    const tops = new Map(); // by time, for stacked series
    let max = 0;
    for (const t of shown) {
      const values = series.map((s) => value(s, t) ?? 0);
      max = Math.max(max, stacked ? values.reduce((a, b) => a + b, 0) : Math.max(0, ...values));
    }
    const step = niceStep(max / 2 || 1);
    const high = Math.max(step * Math.ceil(max / step), step);
    const x = (t) => margin.left + ((t - start) / span) * inner.w;
    const y = (v) => margin.top + inner.h - (v / high) * inner.h;
    const grid = [];
    for (let v = 0; v <= high + step / 1000; v += step) {
      grid.push(h('line', { class: 'grid', x1: margin.left, x2: width - margin.right, y1: y(v), y2: y(v) }),
        h('text', { class: 'tick', x: margin.left - 6, y: y(v) + 4, 'text-anchor': 'end' }, format(v)));
    }
    const label = (ms) => (ms === 0 ? 'now' : ms % 60000 === 0 ? `−${ms / 60000} min` : `−${Math.round(ms / 1000)} s`);
    for (const [part, anchor] of [[0, 'end'], [0.5, 'middle'], [1, 'start']]) {
      grid.push(h('text', { class: 'tick', x: x(end - part * span), y: height - 4, 'text-anchor': anchor }, label(part * span)));
    }
    const marks = max === 0 ? [] : series.map((s, i) => {
      const colour = `s${(i % 6) + 1}`;
      const line = [];
      const edge = [];
      const base = [];
      let pen = 'M';
      shown.forEach((t, i) => {
        const v = value(s, t);
        if (v === null) {
          if (!stacked) pen = 'M';
          return;
        }
        const below = stacked ? tops.get(t) ?? 0 : 0;
        if (stacked) {
          tops.set(t, below + v);
          base.unshift(`L${x(t).toFixed(1)} ${y(below).toFixed(1)}`);
        }
        // A layer without any height would hide the line of the one below it.
        const flat = stacked && v === 0 && !value(s, shown[i - 1]) && !value(s, shown[i + 1]);
        if (!flat) line.push(`${pen}${x(t).toFixed(1)} ${y(below + v).toFixed(1)}`);
        edge.push(`${edge.length === 0 ? 'M' : 'L'}${x(t).toFixed(1)} ${y(below + v).toFixed(1)}`);
        pen = flat ? 'M' : 'L';
      });
      return [
        stacked && line.length > 1 && h('path', { class: ['area', colour], d: edge.join('') + base.join('') + 'Z' }),
        line.length > 0 && h('path', { class: ['line', colour], d: line.length === 1 ? line[0] + 'h0.01' : line.join('') }),
      ];
    });
    // A picture of nothing says so: it is not broken.
    const quiet = series.length === 0 || times.length === 0 ? 'Waiting for the first figures …' : max === 0 ? 'Nothing in this time' : '';
    const t = at === null ? null : times[at];
    replace(picture, h('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' },
      grid, marks, quiet && h('text', { class: 'quiet', x: margin.left + inner.w / 2, y: margin.top + inner.h / 2 + 4, 'text-anchor': 'middle' }, quiet), t !== null && t >= start && h('line', { class: 'cursor', x1: x(t), x2: x(t), y1: margin.top, y2: height - margin.bottom })));
    words(t ?? end);
  };

  const words = (t) => {
    moment.textContent = at === null ? '' : new Date(t).toLocaleTimeString();
    const told = series.map((s, i) => {
      const v = s.byTime.get(t);
      return [s.name, v === undefined || v === null ? '–' : format(v), `s${(i % 6) + 1}`];
    });
    replace(legend, told.map(([name, v, colour]) => h('li', h('span', { class: ['swatch', colour], 'aria-hidden': 'true' }), h('span', name), h('strong', v))));
    picture.setAttribute('aria-label', `${title}: ${told.map(([name, v]) => `${name} ${v}`).join(', ') || 'nothing yet'}`);
  };

  picture.addEventListener('pointermove', (event) => {
    if (times.length === 0) return;
    const box = picture.getBoundingClientRect();
    const t = times.at(-1) - span + ((event.clientX - box.left - margin.left) / Math.max(1, box.width - margin.left - margin.right)) * span;
    at = times.reduce((best, candidate, i) => (Math.abs(candidate - t) < Math.abs(times[best] - t) ? i : best), 0);
    draw();
  });
  picture.addEventListener('pointerleave', () => {
    at = null;
    draw();
  });
  picture.addEventListener('blur', () => {
    at = null;
    draw();
  });
  picture.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || times.length === 0) return;
    event.preventDefault();
    at = Math.min(times.length - 1, Math.max(0, (at ?? times.length) + by));
    draw();
  });
  const resized = new ResizeObserver(draw);
  resized.observe(picture);

  el.set = (next) => {
    const moved = at === null ? null : times[at];
    series = next.map((s) => ({ name: s.name, byTime: new Map(s.points) }));
    times = [...new Set(next.flatMap((s) => s.points.map((p) => p[0])))].sort((a, b) => a - b);
    span = 60000 * Math.max(1, Math.ceil(((times.at(-1) ?? 0) - (times[0] ?? 0)) / 60000 - 0.1));
    if (moved !== null) at = times.indexOf(moved) < 0 ? null : times.indexOf(moved);
    draw();
  };
  return el;
}

/** A round step of 1, 2 or 5 times a power of ten, at least v. */
function niceStep(v) {
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= v - 1e-12);
}

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** A number in few characters: 1.2K. */
export const compact = (v) => short.format(v);

/** A rate: few digits, more of them when it is small. */
export const rate = (v) => (v === 0 ? '0' : v < 10 ? v.toFixed(1) : compact(v));

/** A time that is given in seconds: 20 ms, 1.4 s. */
export const seconds = (v) => (v === 0 ? '0' : v < 1 ? `${Math.round(v * 1000)} ms` : `${v.toFixed(v < 10 ? 1 : 0)} s`);
