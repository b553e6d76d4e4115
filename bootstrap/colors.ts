// Whether a program's output is coloured.
import pc from 'picocolors';

/** Functions that colour a text, or leave it as it is. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for text written to `stream`: only if it is a terminal, and NO_COLOR is not set (https://no-color.org). */
export function colorsFor(stream: NodeJS.WriteStream): Colors {
  // Always a boolean: by default, picocolors would colour a CI log, too.
  return pc.createColors(Boolean(stream.isTTY) && !process.env.NO_COLOR);
}

/** For text that no terminal shows. */
export const NO_COLORS: Colors = pc.createColors(false);
