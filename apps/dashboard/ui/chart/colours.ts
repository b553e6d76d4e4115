// A canvas is drawn in plain colours: they are read off the page, where the theme has been applied.

/** Tones a series can have: the tokens `--chart-…`. */
export const TONES = ['blue', 'green', 'amber', 'red', 'violet'] as const;
export type ChartTone = (typeof TONES)[number];

export type ChartColours = Record<ChartTone | 'line' | 'text-muted', string> & { font: string };

/** As they are on this element now. */
export function readColours(element: HTMLElement): ChartColours {
  // A new one each time: a colour that changes may do so gradually, and would be read as it was.
  const read = (token: string) => {
    const probe = document.createElement('span');
    probe.style.color = `var(--${token})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const tones = Object.fromEntries(TONES.map((tone) => [tone, read(`chart-${tone}`)]));
  const colours = { ...tones, line: read('line'), 'text-muted': read('text-muted') };
  return { ...colours, font: `11px ${getComputedStyle(element).fontFamily}` } as ChartColours;
}

/** The same colour, so much of it (0 to 1). @param colour as a computed style has it: `rgb(r, g, b)`. */
export function faded(colour: string, share: number): string {
  const channels = colour.match(/[\d.]+/g) ?? ['128', '128', '128'];
  return `rgba(${channels.slice(0, 3).join(', ')}, ${share})`;
}
