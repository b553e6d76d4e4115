// One line at the end of a terminal's output that is updated in place: cut to one row, below everything written before. The cursor
// waits below it, at the beginning of an empty row, so that typed text and Ctrl-C's "^C" do not mix with it.
import { stripVTControlCharacters } from 'node:util';

const USUAL_COLUMNS = 80;
const ESCAPE = '\u001b';
const UP = (rows) => `${ESCAPE}[${rows}A`;
const CLEAR_TO_END = `${ESCAPE}[J`;
const RESET = `${ESCAPE}[0m`;
/** A colour code, or one character. */
const PIECE = new RegExp(`${ESCAPE}\\[[\\d;]*m|.`, 'gu');

/** Most terminals fold a line that has become too long; xterm, screen and the console cut it. */
const FOLDS = !process.env.XTERM_VERSION && !process.env.STY && process.env.TERM !== 'linux';

/** A stream's last line. If the stream is not a terminal, there is no such line: only the text above it is written. */
export class TerminalLine {
  #stream;
  #text = '';
  #width = 0;

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
    stream.on('resize', () => this.#text && this.show(this.#text));
  }

  /**
   * Shows the text, cut to the terminal's width, in place of the previous one.
   * @param {string} text one line, with or without colours; empty: no line
   * @param {string} [above] whole lines to write above it
   */
  show(text, above = '') {
    const shown = this.#stream.isTTY ? cut(text, this.#columns() - 1) : '';
    const written = `${this.#erase()}${above}${shown && `${shown}\n`}`;
    if (written) this.#stream.write(written);
    this.#text = text;
    this.#width = stripVTControlCharacters(shown).length;
  }

  /** Removes the line. @param {string} [above] whole lines to write in its place */
  clear(above) {
    this.show('', above);
  }

  /** Writes whole lines above the line. @param {string} lines */
  note(lines) {
    this.show(this.#text, lines);
  }

  #erase() {
    if (this.#width === 0) return '';
    // In a terminal that became narrower, the line occupies several rows.
    const rows = FOLDS ? Math.ceil(this.#width / this.#columns()) : 1;
    return `\r${UP(rows)}${CLEAR_TO_END}`;
  }

  #columns() {
    return this.#stream.columns || USUAL_COLUMNS;
  }
}

/** The text, cut to this number of columns, with an ellipsis where something is missing. */
function cut(text, columns) {
  if (stripVTControlCharacters(text).length <= columns) return text;
  let room = columns - 1;
  let kept = '';
  for (const [piece] of text.matchAll(PIECE)) {
    if (piece.length === 1 && --room < 0) break;
    kept += piece;
  }
  return `${kept}…${RESET}`;
}
