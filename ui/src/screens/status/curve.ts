// The drawing of a rate over time, on uPlot.
//
// Owns the canvas and its size. Fetched with the first chart. Colours are read from the page, so that every theme has them.

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeOfDay } from '../../lib/format/time';
import { number } from '../../lib/format/number';
import { peak, type Rate } from './rate';

const HEIGHT = 124;
/** The scale never goes below this, so that one event is no mountain. */
const LOWEST_TOP = 2;

export class Curve {
  readonly #plot: uPlot;
  readonly #watch: ResizeObserver;
  readonly #box: HTMLElement;
  readonly #dark = window.matchMedia('(prefers-color-scheme: dark)');
  #colours: Colours;

  constructor(
    box: HTMLElement,
    private readonly seconds: number,
  ) {
    this.#box = box;
    this.#colours = colours(box);
    this.#plot = new uPlot(this.#options(), [[], []], box);
    this.#watch = new ResizeObserver(() => this.#plot.setSize({ width: box.clientWidth, height: HEIGHT }));
    this.#watch.observe(box);
    this.#dark.addEventListener('change', this.colour);
  }

  show(rates: readonly Rate[], now: number): void {
    const end = now / 1_000;
    this.#plot.setData([rates.map((rate) => rate.at / 1_000), rates.map((rate) => rate.perSecond)], false);
    this.#plot.setScale('x', { min: end - this.seconds, max: end });
    this.#plot.setScale('y', { min: 0, max: Math.max(peak(rates) * 1.15, LOWEST_TOP) });
  }

  /** Reads the colours again. */
  colour = (): void => {
    this.#colours = colours(this.#box);
    this.#plot.redraw(false, true);
  };

  end(): void {
    this.#watch.disconnect();
    this.#dark.removeEventListener('change', this.colour);
    this.#plot.destroy();
  }

  #options(): uPlot.Options {
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = (): string => this.#colours.text;
    const grid = { stroke: () => this.#colours.line, width: 1 };
    return {
      width: this.#box.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 20, 0, 0],
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      series: [
        {},
        {
          stroke: () => this.#colours.curve,
          fill: () => this.#colours.area,
          width: 1.5,
          spanGaps: false,
          points: { show: false },
        },
      ],
      axes: [
        {
          stroke: axis,
          font,
          size: 22,
          grid: { show: false },
          ticks: { show: false },
          space: 80,
          incrs: [60, 120, 300, 600],
          values: (_, at) => at.map((second) => timeOfDay(second * 1_000)),
        },
        {
          stroke: axis,
          font,
          size: 40,
          grid,
          ticks: { show: false },
          space: 36,
          values: (_, at) => at.map((rate) => number(rate, rate < 10 ? 1 : 0)),
        },
      ],
    };
  }
}

interface Colours {
  text: string;
  line: string;
  curve: string;
  area: string;
}

/** The page's colours as a canvas takes them: custom properties are not resolved there. */
function colours(near: HTMLElement): Colours {
  const probe = document.createElement('span');
  near.append(probe);
  const read = (value: string): string => {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  const found = {
    text: read('var(--muted)'),
    line: read('var(--line)'),
    curve: read('var(--recording)'),
    area: read('color-mix(in srgb, var(--recording) 18%, transparent)'),
  };
  probe.remove();
  return found;
}
