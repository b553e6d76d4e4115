// When a program's lines have colours.
import pc from 'picocolors';

/** Functions that colour a text, or leave it as it is. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for what is written to `stream`: only when it is a terminal, and NO_COLOR is not set (https://no-color.org). */
export function colorsFor(stream: NodeJS.WriteStream): Colors {
  // Always a boolean: left to itself, picocolors colours for CI too, where nobody's terminal reads the log.
  return pc.createColors(Boolean(stream.isTTY) && !process.env.NO_COLOR);
}

/** For text that no terminal shows. */
export const NO_COLORS: Colors = pc.createColors(false);
